"""A plan carried out, rung by rung, and its output verified."""
