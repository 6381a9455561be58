"""`Sensors`: one tick's samples in one flat buffer, with named views into it."""

from array import array

from gaitway.robot import Robot


class Sensors:
    """One tick's samples of a robot with n joints and c contacts.

    `row` [7 + c + 3n] is the buffer that crosses into the core; every other attribute is a writable float32 view into
    it, so numpy can wrap each without a copy (`numpy.asarray(sensors.gyro)`).
    """

    def __init__(self, robot: Robot) -> None:
        joints = len(robot.joint_names)
        first = 7 + len(robot.contact_names)
        self.row: array[float] = array("f", bytes(4 * (first + 3 * joints)))
        view: memoryview[float] = memoryview(self.row)
        #: Angular velocity in the trunk frame [3], rad/s.
        self.gyro = view[0:3]
        #: Specific force in the trunk frame [3], m/s²: +9.81 on z when the robot stands.
        self.accelerometer = view[3:6]
        #: Seconds since the IMU was sampled [1].
        self.imu_age = view[6:7]
        #: Contacts in the order of `Robot.contact_names` [c], 0 or 1.
        self.foot_contact = view[7:first]
        #: Joint positions [n], rad.
        self.joint_position = view[first : first + joints]
        #: Joint velocities [n], rad/s.
        self.joint_velocity = view[first + joints : first + 2 * joints]
        #: Seconds since each joint answered [n].
        self.joint_age = view[first + 2 * joints :]
