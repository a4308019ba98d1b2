"""HTTP: requests with one deadline, responses as values, secrets that are never shown, links that are fetched safely.
Nothing here knows any platform.
"""
