"""The default rule in PyTorch on the CPU: in place, with the fused operations that it offers."""

import numpy as np
import torch

from host.bench.floats import FloatNetwork

__all__ = ["TorchNet"]


def _tanh(s, rate, slope):
    torch.tanh(s, out=rate)
    torch.addcmul(torch.ones((), dtype=s.dtype), rate, rate, value=-1, out=slope)


def _linear(s, rate, slope):
    rate.copy_(s)
    slope.fill_(1)


ACTIVATIONS = {"tanh": _tanh, "linear": _linear}


class TorchNet:
    """A network in ``dtype``; learns in every step.  Equations: docs/theory.md, "One step"."""

    def __init__(self, network: FloatNetwork, *, dtype=torch.float32):
        def tensor(values):
            return torch.tensor(np.asarray(values), dtype=dtype)

        def zeros(size=network.size):
            return torch.zeros(size, dtype=dtype)

        self.network, self.dtype, inputs = network, dtype, network.inputs
        (self.alpha, self.error_alpha, self.rho, self.noise, self.bias_rate, self.tap_step,
         self.tap_limit, self.trace_alpha, self.trace_rho, self.bias, self.c0) = map(tensor, (
             network.alpha, network.error_alpha, network.rho, network.noise, network.bias_rate,
             network.tap_step, network.tap_limit, network.trace_alpha, network.trace_rho,
             network.bias, network.c0))
        (self.u, self.current, self.last_current, self.change, self.change_mean, self.error,
         self.v, self.x, self.c1, self.s, self.rate, self.slope, self.e, self.push,
         self.pull) = (zeros() for _ in range(15))
        self.least_tap, self.one = -self.tap_limit, torch.ones((), dtype=dtype)
        everyone = inputs + network.size
        self.rates, self.signs, self.ridden, self.above = (zeros(everyone) for _ in range(4))
        self.trace_source = torch.tensor(network.trace_source)
        self.low, self.psi = zeros(len(network.trace_source)), zeros(len(network.trace_source))
        # Views are made once; making them in every step would double the time of a small network.
        self.heard, self.given = self.rates[:inputs], self.above[inputs:]
        self.parts = [(ACTIVATIONS[name], self.s[p], self.rate[p], self.slope[p])
                      for p, name in network.parts]
        self.forward, self.backward, self.plastic, self.mirrored = [], [], [], []
        for link in network.links:
            W = tensor(link.weights)
            psi, error = self.psi[link.traces], self.error[link.target]
            psi = psi.view(W.shape) if link.per_target else psi
            self.forward.append((self.current[link.target], W, self.rates[link.source]))
            self.plastic.append((W, error[:, None] if link.per_target else error, psi, link.rate,
                                 link.per_target))
            if link.backward is not None:
                B = tensor(link.backward)
                self.backward.append((self.above[link.source], B.T, self.e[link.target]))
                self.mirrored.append((B, self.pull[link.target, None], self.push[link.target],
                                      self.ridden[link.source]))

    @torch.inference_mode()
    def run(self, inputs, targets, signs) -> np.ndarray:
        """As :meth:`host.bench.numpy_net.NumpyNet.run`."""
        inputs, targets, signs = (torch.tensor(np.asarray(a), dtype=self.dtype)
                                  for a in (inputs, targets, signs))
        outputs = torch.zeros_like(targets)
        for row, given in enumerate(zip(inputs.unbind(), targets.unbind(), signs.unbind(),
                                        strict=True)):
            outputs[row] = self._step(*given)
        return outputs.numpy()

    def _step(self, inputs, target, sign):
        self.heard.copy_(inputs)
        self.last_current.copy_(self.current)
        self.current.copy_(self.bias)
        self.above.zero_()
        for current, W, rates in self.forward:
            current.addmv_(W, rates)
        for above, B, e in self.backward:
            above.addmv_(B, e)
        self._learn()
        drive = self.rates.index_select(0, self.trace_source).sub_(self.low)
        torch.addcmul(self.low, self.trace_rho, drive, out=self.psi)
        self.low.addcmul_(self.trace_alpha, drive)
        self.ridden.copy_(self.signs)
        return self._neurons(target, sign)

    def _learn(self):
        """Weights learn from what the last step left."""
        noise = self.network.mirror_noise
        steep = self.change_mean.mul(1 / noise).clamp_(min=1).log2_().floor_()
        torch.exp2(steep.mul_(-2), out=self.pull).mul_(self.network.mirror_rate)
        torch.mul(self.pull, self.change, out=self.push).mul_(1 / noise)
        for W, error, psi, rate, per_target in self.plastic:
            if per_target:
                W.addcmul_(error, psi, value=rate)
            else:
                W.addr_(error, psi, alpha=rate)
        for B, pull, push, ridden in self.mirrored:
            B.addcmul_(B, pull, value=-1).addr_(push, ridden)

    def _neurons(self, target, sign):
        network = self.network
        drive = torch.sub(self.current, self.u)
        torch.addcmul(self.u, self.rho, drive, out=self.s)
        self.u.addcmul_(self.alpha, drive)
        for function, s, rate, slope in self.parts:
            function(s, rate, slope)
        answer = self.rate[network.output]
        self.given[network.output].add_(target - answer, alpha=network.gain)
        self.bias.addcmul_(self.bias_rate, self.error)
        error, v, x, c0, c1 = self.error, self.v, self.x, self.c0, self.c1
        torch.mul(self.slope, self.given, out=error)

        torch.mul(c0, error, out=self.e).addcmul_(c1, v)
        error_drive = torch.sub(error, v)
        # The residual: 2 (c0 v + c1 x) − e − (v − ρ (ē − v)).
        residual = torch.mul(c0, v).addcmul_(c1, x).mul_(2).sub_(self.e).sub_(v)
        move = residual.addcmul_(self.rho, error_drive).sign_().mul_(self.tap_step)
        c0.addcmul_(move, torch.sub(v, error, alpha=0.5).sign_(), value=-1)
        c1.addcmul_(move, torch.sub(x, v, alpha=0.5).sign_(), value=-1)
        c0.clamp_(self.least_tap, self.tap_limit)
        c1.clamp_(self.least_tap, self.tap_limit)
        x.addcmul_(self.alpha, torch.sub(v, x))
        v.addcmul_(self.error_alpha, error_drive)

        torch.sub(self.current, self.last_current, out=self.change)
        self.change_mean.lerp_(self.change.abs(), 1 / 256)
        self.signs[network.inputs:] = sign
        torch.addcmul(self.rate, self.noise, sign, out=self.rates[network.inputs:])
        return answer
