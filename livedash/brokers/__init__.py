"""What makes one hub of several processes: a log that all of them write and read in one order, and what is kept of it."""
