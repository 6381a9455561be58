"""Proximal policy optimisation: what one rollout teaches."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gaitway.errors import TrainingError
from gaitway.train.config import Ppo
from gaitway.train.network import ActorCritic

#: Bounds of the learning rate, and how fast it follows the divergence.
_RATES, _FACTOR = (1e-5, 2e-3), 1.3
#: The weight on the change of the mean action: where it begins, its bounds, and how fast it moves in a rollout.
_SMOOTHNESS, _SMOOTHNESSES, _SMOOTHER = 0.005, (1e-4, 10.0), 1.02


@dataclass
class Rollout:
    """What `n` robots did in `t` steps. Rows [t, n, …]."""

    observation: Tensor
    critic: Tensor
    action: Tensor
    log_probability: Tensor
    mean: Tensor
    std: Tensor
    value: Tensor
    reward: Tensor
    #: True where an episode ended with this step.
    ended: Tensor
    #: Value of the state after the last step [n].
    last_value: Tensor
    advantage: Tensor = field(init=False)
    target: Tensor = field(init=False)

    def judge(self, discount: float, trace: float) -> None:
        """Advantages and value targets, by generalised advantage estimation."""
        self.advantage = torch.zeros_like(self.reward)
        running = torch.zeros_like(self.last_value)
        following = self.last_value
        for step in reversed(range(len(self.reward))):
            goes_on = (~self.ended[step]).float()
            surprise = self.reward[step] + discount * following * goes_on - self.value[step]
            running = surprise + discount * trace * goes_on * running
            self.advantage[step] = running
            following = self.value[step]
        self.target = self.advantage + self.value


def log_probability(action: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Of actions under independent normal distributions, summed over the action [..., a] → [...]."""
    z = (action - mean) / std
    return (-0.5 * z.square() - std.log() - 0.5 * math.log(2 * math.pi)).sum(dim=-1)


class Learner:
    """Optimiser and schedule. `random` decides which robots are learned from together."""

    def __init__(self, model: ActorCritic, ppo: Ppo, seed: int) -> None:
        self.model, self.ppo = model, ppo
        self.optimiser = torch.optim.Adam(model.parameters(), lr=ppo.learning_rate, eps=1e-6)
        self.random = torch.Generator().manual_seed(seed)
        self._smoothness = _SMOOTHNESS

    def learn(self, rollout: Rollout, share: float) -> dict[str, float]:
        """All epochs over one rollout; returns the means of the last one."""
        ppo, robots = self.ppo, rollout.reward.shape[1]
        rollout.judge(ppo.discount, ppo.trace)
        advantage = rollout.advantage
        rollout.advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-6)
        smoothness = self._smoothness if ppo.roughness > 0 and share >= ppo.roughness_from else 0.0
        sums: dict[str, float] = {}
        for _ in range(ppo.epochs):
            sums = {}
            for which in torch.randperm(robots, generator=self.random).tensor_split(ppo.minibatches):
                for name, value in self._step(rollout, which, smoothness).items():
                    sums[name] = sums.get(name, 0.0) + value / ppo.minibatches
        self._follow(sums["kl"])
        with torch.no_grad():
            std_limit = ppo.initial_std * (ppo.final_std / ppo.initial_std) ** (share * share)
            self.model.log_std.clamp_(max=math.log(std_limit))
        sums["roughness"] **= 0.5
        if smoothness > 0:
            self._smooth(sums["roughness"])
        return {**sums, "learning_rate": self._rate, "smoothness": smoothness}

    def _step(self, rollout: Rollout, which: Tensor, smoothness: float) -> dict[str, float]:
        ppo, model = self.ppo, self.model
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=ppo.bf16):
            mean = model.actor(rollout.observation[:, which]).float()
            value = model.critic(rollout.critic[:, which]).float().squeeze(-1)
        std = model.std()
        action, old_mean, old_std = rollout.action[:, which], rollout.mean[:, which], rollout.std
        ratio = (log_probability(action, mean, std) - rollout.log_probability[:, which]).exp()
        advantage = rollout.advantage[:, which]
        policy_loss = -torch.minimum(ratio * advantage, ratio.clamp(1 - ppo.clip, 1 + ppo.clip) * advantage).mean()
        old_value, target = rollout.value[:, which], rollout.target[:, which]
        near = old_value + (value - old_value).clamp(-ppo.value_clip, ppo.value_clip)
        value_loss = torch.maximum((value - target).square(), (near - target).square()).mean()
        entropy = std.log().sum()
        change = (mean[1:] - mean[:-1]).square().sum(dim=-1)
        roughness = (change * ~rollout.ended[:-1, which]).mean()
        loss = policy_loss + 0.5 * value_loss - ppo.entropy * entropy + smoothness * roughness
        if not torch.isfinite(loss):
            raise TrainingError(
                f"learner: expected a finite loss, found {float(loss.detach())}",
                hint="the last checkpoint is whole: resume it with a smaller ppo.learning_rate",
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), ppo.grad_norm)
        self.optimiser.step()
        with torch.no_grad():
            divergence = (std / old_std).log() + (old_std.square() + (old_mean - mean).square()) / (2 * std.square())
            kl = (divergence - 0.5).sum(dim=-1).mean()
        return {
            "kl": float(kl),
            "policy_loss": float(policy_loss.detach()),
            "value_loss": float(value_loss.detach()),
            "roughness": float(roughness.detach()) / mean.shape[-1],
        }

    def _follow(self, kl: float) -> None:
        """Faster where the policy moved little, slower where it moved much."""
        if kl > 1.3 * self.ppo.target_kl:
            self._rate = max(_RATES[0], self._rate / _FACTOR)
        elif kl < self.ppo.target_kl / 1.3:
            self._rate = min(_RATES[1], self._rate * _FACTOR)

    def _smooth(self, roughness: float) -> None:
        """A heavier weight on the change of the mean action where it is too much, a lighter one where it is less."""
        factor = _SMOOTHER if roughness > self.ppo.roughness else 1.0 / _SMOOTHER
        self._smoothness = min(_SMOOTHNESSES[1], max(_SMOOTHNESSES[0], self._smoothness * factor))

    @property
    def _rate(self) -> float:
        return float(self.optimiser.param_groups[0]["lr"])

    @_rate.setter
    def _rate(self, rate: float) -> None:
        self.optimiser.param_groups[0]["lr"] = rate

    def save(self) -> dict[str, Any]:
        """Everything that changes beside the model."""
        return {
            "optimiser": self.optimiser.state_dict(),
            "random": self.random.get_state(),
            "smoothness": self._smoothness,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Puts a saved state back."""
        self.optimiser.load_state_dict(saved["optimiser"])
        self.random.set_state(saved["random"])
        self._smoothness = min(_SMOOTHNESSES[1], max(_SMOOTHNESSES[0], float(saved["smoothness"])))
