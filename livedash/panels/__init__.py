"""Panels for notebooks: specs made by one line, and the widget and picture by which a notebook shows them."""
