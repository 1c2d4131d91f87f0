"""What people take away: tables in files, briefing packs, returns."""
