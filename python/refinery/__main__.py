"""`python -m refinery` is `refinery`."""

from refinery.cli import main

if __name__ == "__main__":
    main()
