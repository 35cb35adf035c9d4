"""What is on disk: experiments, their runs, and what a run holds."""
