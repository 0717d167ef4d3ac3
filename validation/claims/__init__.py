"""The paper statement by statement: what holds, what fails, and what holds once corrected."""
