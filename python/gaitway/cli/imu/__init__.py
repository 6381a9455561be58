"""`gaitway imu`."""
