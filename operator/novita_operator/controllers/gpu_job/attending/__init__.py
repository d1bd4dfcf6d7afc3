"""Programs of attempts, attended to over ssh in the background: started once, followed, ended, their output kept."""
