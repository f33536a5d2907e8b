"""`make deploy`: finds out what the template needs to know, asks for the rest, and deploys."""
