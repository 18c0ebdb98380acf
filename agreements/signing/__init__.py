"""The engine of signed files: what was uploaded, what its signatures prove, which pages a scan holds.

No module here imports Django. A file that came from outside is opened in a process apart
(`agreements.signing.bounded`), never in the one that serves pages.
"""
