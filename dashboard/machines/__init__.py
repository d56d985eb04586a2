"""What programs outside the API read: metrics, health, the original Highstock options."""
