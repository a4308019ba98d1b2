"""The way to other machines and back: requests with one deadline, answers as values, secrets that do not show, links
that are fetched safely. Nothing here knows who is at the other end, or why.
"""
