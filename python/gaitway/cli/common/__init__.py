"""What the commands share: options, answers, output."""
