"""`python -m tracestitch`."""

from tracestitch.cli import main

if __name__ == "__main__":
    main(prog_name="tracestitch")
