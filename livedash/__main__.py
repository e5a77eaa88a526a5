"""`python -m livedash`: the same as the command `livedash`."""

from livedash.cli import main

if __name__ == "__main__":
    main()
