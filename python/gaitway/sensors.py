"""`Sensors`: one tick's samples in one flat buffer, with named views into it."""

from array import array

from gaitway.robot import Robot


class Sensors:
    """One tick's samples of a robot with n joints.

    `row` [9 + 3n] is the buffer that crosses into the core; every other attribute is a writable float32 view into
    it, so numpy can wrap each without a copy (`numpy.asarray(sensors.gyro)`).
    """

    def __init__(self, robot: Robot) -> None:
        joints = len(robot.joint_names)
        self.row: array[float] = array("f", bytes(4 * (9 + 3 * joints)))
        view: memoryview[float] = memoryview(self.row)
        #: Angular velocity in the trunk frame [3], rad/s.
        self.gyro = view[0:3]
        #: Specific force in the trunk frame [3], m/s²: +9.81 on z when the robot stands.
        self.accelerometer = view[3:6]
        #: Seconds since the IMU was sampled [1].
        self.imu_age = view[6:7]
        #: Foot contact, left then right [2], 0 or 1.
        self.foot_contact = view[7:9]
        #: Joint positions [n], rad.
        self.joint_position = view[9 : 9 + joints]
        #: Joint velocities [n], rad/s.
        self.joint_velocity = view[9 + joints : 9 + 2 * joints]
        #: Seconds since each joint answered [n].
        self.joint_age = view[9 + 2 * joints :]
