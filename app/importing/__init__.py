"""Tables as forces keep them (people, duty, plans, crimes), and what is wrong in them."""
