"""Networks that cannot tell left from right: a mirrored observation gives the mirrored action, by construction.

Every hidden layer has two halves that trade places in the mirror. Written in sum and difference of the halves, a
layer is two small matrices instead of one large one: half the arithmetic and half the parameters of a plain layer.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gaitway.contract import Contract
from gaitway.sim.description import Description
from gaitway.train.config import Ppo
from gaitway.train.mirror import Mirror, action_mirror, observation_mirror
from gaitway.train.swing import Swing, swing_of


def _linear(inputs: int, outputs: int, gain: float) -> nn.Parameter:
    weight = torch.empty(outputs, inputs)
    nn.init.orthogonal_(weight, gain=gain)
    return nn.Parameter(weight)


class Elu(torch.autograd.Function):
    """ELU. PyTorch's own calls expm1 number by number on a CPU: half the time of an update."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        """x where it is positive, exp(x) - 1 where not."""
        out = rows.clamp(max=0.0).exp_().sub_(1.0).add_(rows.relu())
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """The slope is 1 where it is positive, exp(x) where not."""
        out: Tensor = ctx.saved_tensors[0]
        return out.clamp(max=0.0).add_(1.0).mul_(grad)


@dataclass(frozen=True)
class Calibration:
    """`row + relu(row @ parts) @ corrections` is what a calibrated network makes of a row first."""

    #: From the observation to the velocity commands, forward, leftward, turning, and then the same negated [w, 6].
    parts: NDArray[np.float32]
    #: From those to what is added to the commands [6, w].
    corrections: NDArray[np.float32]

    def corrected(self, rows: Tensor) -> Tensor:
        """Rows [n, w] with the commands that bring about what they ask for."""
        parts, corrections = map(torch.from_numpy, (self.parts, self.corrections))
        return rows + torch.relu(rows @ parts) @ corrections


class MirrorNet(nn.Module):
    """Rows [n, i] to rows [n, o]: normalised, then layers of `hidden` units with ELU between."""

    even_in: Tensor
    odd_in: Tensor
    even_out: Tensor
    odd_out: Tensor

    clock: Tensor
    speed: Tensor
    legs: Tensor

    def __init__(
        self,
        inputs: Mirror,
        hidden: tuple[int, ...],
        outputs: Mirror,
        gain: float,
        swing: Swing | None = None,
    ) -> None:
        super().__init__()
        self.swing = swing
        self.calibration: Calibration | None = None
        if swing is not None:
            for name in ("clock", "speed", "legs"):
                self.register_buffer(name, torch.from_numpy(getattr(swing, name)), persistent=False)
        even, odd = torch.from_numpy(inputs.even()), torch.from_numpy(inputs.odd())
        self.register_buffer("even_in", even, persistent=False)
        self.register_buffer("odd_in", odd, persistent=False)
        self.register_buffer("even_out", torch.from_numpy(outputs.even()), persistent=False)
        self.register_buffer("odd_out", torch.from_numpy(outputs.odd()), persistent=False)
        self.normaliser = Normaliser(inputs)
        sums = [len(even), *(width // 2 for width in hidden)]
        differences = [len(odd), *(width // 2 for width in hidden)]
        self.sums = nn.ParameterList([_linear(i, o, 1.0) for i, o in itertools.pairwise(sums)])
        self.differences = nn.ParameterList([_linear(i, o, 1.0) for i, o in itertools.pairwise(differences)])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(width)) for width in sums[1:]])
        self.out_sum = _linear(sums[-1], len(self.even_out), gain)
        self.out_difference = _linear(differences[-1], len(self.odd_out), gain)
        # Free of the mirror: a robot is not quite the same on both sides.
        self.out_bias = nn.Parameter(torch.zeros(len(outputs.sign)))

    def forward(self, rows: Tensor) -> Tensor:
        """What the network makes of rows as they come."""
        if self.calibration is not None:
            rows = self.calibration.corrected(rows)
        learned = self._learned(self.normaliser(rows))
        if self.swing is None:
            return learned
        return learned + self.flexion(rows)

    def flexion(self, rows: Tensor) -> Tensor:
        """What the swing adds; only where there is one."""
        share = (rows @ self.speed).abs().sum(dim=-1, keepdim=True).clamp(max=1.0)
        return (torch.relu(rows @ self.clock) * share) @ self.legs

    def _learned(self, rows: Tensor) -> Tensor:
        total, difference = rows @ self.even_in.T, rows @ self.odd_in.T
        for by_sum, by_difference, bias in zip(self.sums, self.differences, self.biases, strict=True):
            total, difference = total @ by_sum.T + bias, difference @ by_difference.T
            left, right = Elu.apply(total + difference), Elu.apply(total - difference)
            total, difference = 0.5 * (left + right), 0.5 * (left - right)
        even, odd = total @ self.out_sum.T, difference @ self.out_difference.T
        return even @ self.even_out + odd @ self.odd_out + self.out_bias

    def dense(self) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """The same network as plain layers behind the normaliser: weight [out, in] and bias [out] of each."""
        layers = []
        with torch.no_grad():
            sums, differences = self.even_in, self.odd_in
            for by_sum, by_difference, bias in zip(self.sums, self.differences, self.biases, strict=True):
                total, difference = by_sum @ sums, by_difference @ differences
                weight = torch.cat([total + difference, total - difference])
                layers.append((weight, torch.cat([bias, bias])))
                half = torch.eye(len(bias)) * 0.5
                sums, differences = torch.cat([half, half], dim=1), torch.cat([half, -half], dim=1)
            even = self.even_out.T @ self.out_sum @ sums
            odd = self.odd_out.T @ self.out_difference @ differences
            layers.append((even + odd, self.out_bias))
        return [(weight.numpy().copy(), bias.detach().numpy().copy()) for weight, bias in layers]


class Normaliser(nn.Module):
    """Running mean and deviation of rows; the deviation is the same on both sides of the mirror."""

    CLIP = 8.0
    order: Tensor
    mean: Tensor
    variance: Tensor
    count: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(self, mirror: Mirror) -> None:
        super().__init__()
        width = len(mirror.sign)
        self.register_buffer("order", torch.from_numpy(mirror.order.astype(np.int64)), persistent=False)
        self.register_buffer("mean", torch.zeros(width, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(width, dtype=torch.float64))
        self.register_buffer("count", torch.tensor(1e-4, dtype=torch.float64))
        self.register_buffer("shift", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def forward(self, rows: Tensor) -> Tensor:
        """Rows with mean 0 and deviation 1, nothing beyond CLIP."""
        return ((rows - self.shift) * self.scale).clamp(-self.CLIP, self.CLIP)

    @torch.no_grad()
    def update(self, rows: Tensor) -> None:
        """Takes rows [k, n] into the running figures."""
        rows = rows.double()
        mean, variance, count = rows.mean(dim=0), rows.var(dim=0, unbiased=False), float(len(rows))
        total = self.count + count
        delta = mean - self.mean
        squares = self.variance * self.count + variance * count + delta.square() * self.count * count / total
        self.mean += delta * count / total
        self.variance.copy_(squares / total)
        self.count.copy_(total)
        variance = 0.5 * (self.variance + self.variance[self.order])
        self.shift.copy_(self.mean.float())
        self.scale.copy_((1.0 / (variance + 1e-4).sqrt()).float())


def actor_of(contract: Contract, description: Description, ppo: Ppo) -> MirrorNet:
    """The policy's network for a robot under a contract, untrained."""
    swing = swing_of(contract, description, ppo.swing) if ppo.swing > 0 else None
    observation, action = observation_mirror(contract, description), action_mirror(contract, description)
    return MirrorNet(observation, ppo.hidden, action, 0.01, swing)


class ActorCritic(nn.Module):
    """The policy, its spread, and the critic."""

    pairs: Tensor

    def __init__(self, actor: MirrorNet, critic: Mirror, action: Mirror, hidden: tuple[int, ...], std: float) -> None:
        super().__init__()
        self.actor = actor
        value = Mirror(np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.float32))
        self.critic = MirrorNet(critic, hidden, value, gain=1.0)
        self.log_std = nn.Parameter(torch.full((len(action.sign),), float(np.log(std))))
        self.register_buffer("pairs", torch.from_numpy(action.order.astype(np.int64)), persistent=False)

    def std(self) -> Tensor:
        """Standard deviation of the actions [a], the same on both sides."""
        return (0.5 * (self.log_std + self.log_std[self.pairs])).exp()
