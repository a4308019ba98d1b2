"""What a platform accepts, and from that and the facts of a file the plan for it. Pure."""
