"""One script per thing that is done with a schedule; run them as `python -m scripts.NAME`, or by make."""
