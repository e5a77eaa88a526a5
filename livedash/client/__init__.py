"""How a process reaches a hub: finding it, publishing to it, reading from it. What a hub does is in core, its routes
in server.
"""
