"""Bringing a robot up: its servos, IMU, gamepad and camera for tools, and the doctor that looks at all of them."""
