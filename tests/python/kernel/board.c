// SPDX-License-Identifier: MIT
/*
 * A board inside a virtual machine: an I2C bus, GPIO lines and PWM channels whose hardware is a program.
 *
 * The kernel's own drivers of /dev/i2c-*, /dev/gpiochip* and /sys/class/pwm stand in front of it. Behind it,
 * /dev/board-i2c hands out each transfer and takes its answer, and /dev/board-lines tells what outputs and pulses
 * do, and is told what inputs do.
 */

#include <linux/completion.h>
#include <linux/gpio/driver.h>
#include <linux/i2c.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/kfifo.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/pwm.h>
#include <linux/wait.h>

/* As on a Raspberry Pi: its bus, and the name and size of its header's chip. */
#define BUS 1
#define LABEL "pinctrl-bcm2835"
#define LINES 54
#define CHANNELS 2
/* What /dev/board-lines calls pulses and pull-ups: numbers no line has. */
#define PULSE 1000
#define PULL_UP 2000

static struct device *board;

/* --- lines and pulses ------------------------------------------------------------------------------------------ */

struct change {
	u64 ns;
	u32 line;
	u32 level;
};

static DEFINE_KFIFO(changes, struct change, 4096);
static DEFINE_SPINLOCK(changes_lock);
static unsigned long levels[BITS_TO_LONGS(LINES)];
static unsigned long inputs[BITS_TO_LONGS(LINES)];
/* Which edges somebody waits for, and whether anybody does. */
static unsigned int edges[LINES];
static unsigned long heard[BITS_TO_LONGS(LINES)];

static void tell(u32 line, u32 level)
{
	struct change change = { ktime_get_ns(), line, level };

	kfifo_in_spinlocked(&changes, &change, 1, &changes_lock);
}

static int line_direction(struct gpio_chip *chip, unsigned int line)
{
	return test_bit(line, inputs) ? GPIO_LINE_DIRECTION_IN : GPIO_LINE_DIRECTION_OUT;
}

static int line_get(struct gpio_chip *chip, unsigned int line)
{
	return test_bit(line, levels);
}

static void line_set(struct gpio_chip *chip, unsigned int line, int level)
{
	if (!!level != test_bit(line, levels)) {
		assign_bit(line, levels, level);
		tell(line, !!level);
	}
}

static int line_input(struct gpio_chip *chip, unsigned int line)
{
	set_bit(line, inputs);
	return 0;
}

static int line_output(struct gpio_chip *chip, unsigned int line, int level)
{
	clear_bit(line, inputs);
	line_set(chip, line, level);
	return 0;
}

static int line_config(struct gpio_chip *chip, unsigned int line, unsigned long config)
{
	if (pinconf_to_config_param(config) != PIN_CONFIG_BIAS_PULL_UP)
		return -ENOTSUPP;
	tell(PULL_UP + line, 1);
	return 0;
}

static void edge_mask(struct irq_data *data)
{
	clear_bit(irqd_to_hwirq(data), heard);
	gpiochip_disable_irq(irq_data_get_irq_chip_data(data), irqd_to_hwirq(data));
}

static void edge_unmask(struct irq_data *data)
{
	gpiochip_enable_irq(irq_data_get_irq_chip_data(data), irqd_to_hwirq(data));
	set_bit(irqd_to_hwirq(data), heard);
}

static int edge_set_type(struct irq_data *data, unsigned int type)
{
	edges[irqd_to_hwirq(data)] = type;
	return 0;
}

static const struct irq_chip edge_chip = {
	.name = "board",
	.irq_mask = edge_mask,
	.irq_unmask = edge_unmask,
	.irq_set_type = edge_set_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static struct gpio_chip chip = {
	.label = LABEL,
	.owner = THIS_MODULE,
	.base = -1,
	.ngpio = LINES,
	.get_direction = line_direction,
	.direction_input = line_input,
	.direction_output = line_output,
	.get = line_get,
	.set = line_set,
	.set_config = line_config,
};

/* An input goes to a level, and whoever waits for the edge is interrupted. */
static void drive(unsigned int line, bool level)
{
	unsigned int edge = level ? IRQ_TYPE_EDGE_RISING : IRQ_TYPE_EDGE_FALLING;
	unsigned int irq = irq_find_mapping(chip.irq.domain, line);
	unsigned long flags;

	if (level == test_bit(line, levels))
		return;
	assign_bit(line, levels, level);
	if (!irq || !test_bit(line, heard) || !(edges[line] & edge))
		return;
	local_irq_save(flags);
	generic_handle_irq(irq);
	local_irq_restore(flags);
}

static ssize_t lines_read(struct file *file, char __user *to, size_t len, loff_t *at)
{
	unsigned int copied;
	int failed = kfifo_to_user(&changes, to, len, &copied);

	if (failed)
		return failed;
	if (!copied)
		return -EAGAIN;
	return copied;
}

static ssize_t lines_write(struct file *file, const char __user *from, size_t len, loff_t *at)
{
	u32 asked[2];

	if (len != sizeof(asked) || copy_from_user(asked, from, len))
		return -EINVAL;
	if (asked[0] >= LINES || !test_bit(asked[0], inputs))
		return -EINVAL;
	drive(asked[0], asked[1]);
	return len;
}

static const struct file_operations lines_operations = {
	.owner = THIS_MODULE,
	.read = lines_read,
	.write = lines_write,
};

static struct miscdevice lines_device = { MISC_DYNAMIC_MINOR, "board-lines", &lines_operations };

static int pulse_apply(struct pwm_chip *pulses, struct pwm_device *pwm, const struct pwm_state *state)
{
	tell(PULSE + pwm->hwpwm, state->enabled ? state->duty_cycle : 0);
	return 0;
}

static const struct pwm_ops pulse_operations = { .apply = pulse_apply, .owner = THIS_MODULE };
static struct pwm_chip pulses = { .ops = &pulse_operations, .npwm = CHANNELS };

/* --- I2C --------------------------------------------------------------------------------------------------------- */

/* A transfer as it is handed out: address, bytes to write, bytes to read, the bytes. Its answer: 1, and what is read. */
static struct {
	u8 request[3 + 255];
	size_t request_len;
	u8 answer[1 + 255];
	size_t answer_len;
	/* An answer that comes after its transfer was given up is nobody's. */
	enum { IDLE, ASKED, HANDED_OUT } state;
	struct completion answered;
} wire;
static DECLARE_WAIT_QUEUE_HEAD(wire_waits);
static DEFINE_MUTEX(wire_lock);

/* True where the messages are a write, a read, or a write and then a read. */
static bool is_simple(const struct i2c_msg *messages, int count)
{
	bool is_read = messages[count - 1].flags & I2C_M_RD;
	int i;

	for (i = 0; i < count; i++)
		if (messages[i].len > 255 || messages[i].addr > 0x7f)
			return false;
	return count == 1 || (count == 2 && is_read && !(messages[0].flags & I2C_M_RD));
}

static int wire_transfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	struct i2c_msg *last = &messages[count - 1];
	struct i2c_msg *write = messages[0].flags & I2C_M_RD ? NULL : &messages[0];
	struct i2c_msg *read = last->flags & I2C_M_RD ? last : NULL;
	bool is_answered;

	if (!is_simple(messages, count))
		return -EOPNOTSUPP;
	mutex_lock(&wire_lock);
	wire.request[0] = messages[0].addr;
	wire.request[1] = write ? write->len : 0;
	wire.request[2] = read ? read->len : 0;
	if (write)
		memcpy(wire.request + 3, write->buf, write->len);
	wire.request_len = 3 + wire.request[1];
	wire.answer_len = 1 + wire.request[2];
	reinit_completion(&wire.answered);
	wire.state = ASKED;
	mutex_unlock(&wire_lock);
	wake_up(&wire_waits);
	is_answered = wait_for_completion_timeout(&wire.answered, adapter->timeout);

	mutex_lock(&wire_lock);
	wire.state = IDLE;
	if (is_answered && wire.answer[0] == 1 && read)
		memcpy(read->buf, wire.answer + 1, read->len);
	mutex_unlock(&wire_lock);
	if (!is_answered)
		return -ETIMEDOUT;
	return wire.answer[0] == 1 ? count : -EREMOTEIO;
}

static u32 wire_functions(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C;
}

static const struct i2c_algorithm wire_algorithm = { .master_xfer = wire_transfer, .functionality = wire_functions };
static struct i2c_adapter adapter = {
	.owner = THIS_MODULE, .name = "board", .nr = BUS, .algo = &wire_algorithm, .timeout = HZ / 5,
};

static ssize_t wire_read(struct file *file, char __user *to, size_t len, loff_t *at)
{
	ssize_t handed = -EAGAIN;

	if (wait_event_interruptible(wire_waits, wire.state == ASKED))
		return -ERESTARTSYS;
	mutex_lock(&wire_lock);
	if (wire.state == ASKED && len >= wire.request_len) {
		wire.state = HANDED_OUT;
		handed = copy_to_user(to, wire.request, wire.request_len) ? -EFAULT : wire.request_len;
	}
	mutex_unlock(&wire_lock);
	return handed;
}

static ssize_t wire_write(struct file *file, const char __user *from, size_t len, loff_t *at)
{
	ssize_t taken = -EINVAL;

	mutex_lock(&wire_lock);
	if (wire.state == HANDED_OUT && len == wire.answer_len && !copy_from_user(wire.answer, from, len)) {
		wire.state = IDLE;
		complete(&wire.answered);
		taken = len;
	}
	mutex_unlock(&wire_lock);
	return taken;
}

static __poll_t wire_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &wire_waits, table);
	return wire.state == ASKED ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations wire_operations = {
	.owner = THIS_MODULE,
	.read = wire_read,
	.write = wire_write,
	.poll = wire_poll,
};

static struct miscdevice wire_device = { MISC_DYNAMIC_MINOR, "board-i2c", &wire_operations };

/* A board is never taken out: the machine ends with it. */
static int __init board_start(void)
{
	int failed;

	board = root_device_register("board");
	if (IS_ERR(board))
		return PTR_ERR(board);
	init_completion(&wire.answered);
	adapter.dev.parent = chip.parent = pulses.dev = board;
	gpio_irq_chip_set_chip(&chip.irq, &edge_chip);
	chip.irq.handler = handle_simple_irq;
	chip.irq.default_type = IRQ_TYPE_NONE;
	failed = misc_register(&lines_device);
	failed = failed ?: misc_register(&wire_device);
	failed = failed ?: gpiochip_add_data(&chip, NULL);
	failed = failed ?: pwmchip_add(&pulses);
	return failed ?: i2c_add_numbered_adapter(&adapter);
}
module_init(board_start);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A board whose hardware is a program");
