"""What goes on while a page is open: looks that were asked for, and news."""
