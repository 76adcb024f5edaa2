"""The default rule in PyTorch on the CPU as one would write it: plain expressions, by layers.

This is the style of published code for such networks.  :mod:`host.bench.torch_net` is what can be
made of it when every operation counts.
"""

import numpy as np
import torch

from host.bench.floats import FloatNetwork

__all__ = ["TorchLayers"]

ACTIVATIONS = {"tanh": (torch.tanh, lambda s: 1 - torch.tanh(s) ** 2),
               "linear": (lambda s: s, torch.ones_like)}


class _Synapses:
    """W, B and the traces of one matrix."""

    def __init__(self, link, network: FloatNetwork, tensor):
        self.source, self.target, self.rate = link.source, link.target, link.rate
        self.W = tensor(link.weights)
        self.B = None if link.backward is None else tensor(link.backward)
        self.eta, self.epsilon = network.mirror_rate, network.mirror_noise
        shape = self.W.shape if link.per_target else self.W.shape[1:]
        self.alpha, self.rho = (tensor(values[link.traces]).reshape(shape)
                                for values in (network.trace_alpha, network.trace_rho))
        self.low, self.psi = torch.zeros_like(self.alpha), torch.zeros_like(self.alpha)
        self.sign = torch.zeros_like(self.W[0])

    def learn(self, error, change, change_mean):
        """Both weights, from what the last step left in their neurons and here."""
        self.W += self.rate * error[:, None] * self.psi
        if self.B is not None:
            steep = torch.floor(torch.log2(torch.clamp(change_mean / self.epsilon, min=1)))
            eta = (self.eta * 4.0**-steep)[:, None]
            self.B += eta * (change[:, None] * self.sign / self.epsilon - self.B)

    def trace(self, rates, signs):
        """ψ of the rates that drive the neurons in this step."""
        drive = rates - self.low
        self.psi = self.low + self.rho * drive
        self.low = self.low + self.alpha * drive
        self.sign = signs


class _Layer:
    """The neurons of ``part``."""

    def __init__(self, part: slice, network: FloatNetwork, tensor):
        self.part, self.gain = part, network.gain
        (self.alpha, self.error_alpha, self.rho, self.bias_rate, self.tap_step, self.tap_limit,
         self.noise, self.bias, self.c0) = (tensor(values[part]) for values in (
             network.alpha, network.error_alpha, network.rho, network.bias_rate, network.tap_step,
             network.tap_limit, network.noise, network.bias, network.c0))
        self.activation = next(ACTIVATIONS[name] for where, name in network.parts
                               if where.start <= part.start < where.stop)
        first, last = (min(max(edge - part.start, 0), part.stop - part.start)
                       for edge in (network.output.start, network.output.stop))
        self.output = slice(first, last)
        zero = torch.zeros_like(self.alpha)
        (self.u, self.r, self.sign, self.current, self.change, self.change_mean, self.error,
         self.e, self.v, self.x, self.c1) = (zero.clone() for _ in range(11))

    def step(self, current, above, target, sign):
        """Advance; returns the rates without their signs."""
        self.bias = self.bias + self.bias_rate * self.error
        drive = current - self.u
        s = self.u + self.rho * drive
        self.u = self.u + self.alpha * drive
        rate, slope = (function(s) for function in self.activation)
        if self.output.stop > self.output.start:
            above[self.output] += self.gain * (target - rate[self.output])
        self.error = slope * above
        self._look_ahead()
        self.change = current - self.current
        self.change_mean = self.change_mean + (self.change.abs() - self.change_mean) / 256
        self.current, self.sign = current, sign
        self.r = rate + self.noise * sign
        return rate

    def _look_ahead(self):
        error, v, x, c0, c1 = self.error, self.v, self.x, self.c0, self.c1
        self.e = c0 * error + c1 * v
        causal = v - self.rho * (error - v)
        residual = torch.sign(2 * (c0 * v + c1 * x) - self.e - causal)
        c0 = c0 - self.tap_step * residual * torch.sign(2 * v - error)
        c1 = c1 - self.tap_step * residual * torch.sign(2 * x - v)
        self.c0 = torch.clamp(c0, -self.tap_limit, self.tap_limit)
        self.c1 = torch.clamp(c1, -self.tap_limit, self.tap_limit)
        self.v, self.x = v + self.error_alpha * (error - v), x + self.alpha * (v - x)


class TorchLayers:
    """A network in ``dtype``; learns in every step.  Equations: docs/theory.md, "One step"."""

    def __init__(self, network: FloatNetwork, *, dtype=torch.float32):
        def tensor(values):
            return torch.tensor(np.asarray(values), dtype=dtype)

        self.network, self.dtype = network, dtype
        self.synapses = [_Synapses(link, network, tensor) for link in network.links]
        parts = {(link.target.start, link.target.stop) for link in network.links}
        self.layers = [_Layer(slice(*part), network, tensor) for part in sorted(parts)]
        self.still = torch.zeros(network.inputs, dtype=dtype)

    @torch.inference_mode()
    def run(self, inputs, targets, signs) -> np.ndarray:
        """As :meth:`host.bench.numpy_net.NumpyNet.run`."""
        inputs, targets, signs = (torch.tensor(np.asarray(a), dtype=self.dtype)
                                  for a in (inputs, targets, signs))
        return torch.stack([self._step(*given) for given in zip(inputs, targets, signs,
                                                                strict=True)]).numpy()

    def _step(self, inputs, target, sign):
        rates = torch.cat([inputs, *(layer.r for layer in self.layers)])
        signs = torch.cat([self.still, *(layer.sign for layer in self.layers)])
        errors = torch.cat([layer.e for layer in self.layers])
        above, answers = torch.zeros_like(rates), []
        for s in self.synapses:
            if s.B is not None:
                above[s.source] += errors[s.target] @ s.B
        for layer in self.layers:
            current = layer.bias
            for s in self.synapses:
                if s.target == layer.part:
                    current = current + s.W @ rates[s.source]
                    s.learn(layer.error, layer.change, layer.change_mean)
                    s.trace(rates[s.source], signs[s.source])
            answers.append(layer.step(current, above[self.network.inputs:][layer.part], target,
                                      sign[layer.part]))
        return torch.cat(answers)[self.network.output]
