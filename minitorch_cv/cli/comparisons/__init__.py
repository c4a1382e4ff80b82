"""The commands that run several networks or methods and print one table."""
