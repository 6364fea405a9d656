"""Pipelines made up at random, and the truth about them.

`pipelines.generate` draws everything from one `random.Random`: a seed for figures and
long runs, Hypothesis' own for property tests. The truth has the fields that
sample_data/recordings/README.md describes.
"""
