"""``python -m orchestration.cli`` is ``visavis``."""

from orchestration.cli import main

if __name__ == "__main__":
    main()
