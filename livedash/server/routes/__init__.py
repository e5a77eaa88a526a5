"""The routes of DESIGN 3.4, one file a noun; each is mixed into a host's handler class by app.py."""
