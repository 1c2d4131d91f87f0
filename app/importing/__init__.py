"""Tables of people, duty and plans as forces keep them (CSV, XLSX), and what is wrong in them."""
