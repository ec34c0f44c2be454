"""`python -m nco`: the command line, where the script `nco` is not at hand (as for torchrun)."""

from nco.cli import main

if __name__ == "__main__":
    main()
