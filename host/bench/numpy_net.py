"""The default rule in plain NumPy: whole vectors and matrices, in place, one step at a time."""

import numpy as np

from host.bench.floats import FloatNetwork
from model.activation import ACTIVATIONS

__all__ = ["NumpyNet"]


class NumpyNet:
    """A network in ``dtype``; learns in every step.  Equations: docs/theory.md, "One step"."""

    def __init__(self, network: FloatNetwork, *, dtype=np.float32):
        def array(values):
            return np.array(values, dtype)

        def zeros(size=network.size):
            return np.zeros(size, dtype)

        self.network = network
        self.parts = [(part, ACTIVATIONS[name]) for part, name in network.parts]
        self.links = [(link, array(link.weights), array(link.backward)
                       if link.backward is not None else None) for link in network.links]
        (self.alpha, self.error_alpha, self.rho, self.noise, self.bias_rate, self.tap_step,
         self.tap_limit, self.trace_alpha, self.trace_rho, self.bias, self.c0) = map(array, (
             network.alpha, network.error_alpha, network.rho, network.noise, network.bias_rate,
             network.tap_step, network.tap_limit, network.trace_alpha, network.trace_rho,
             network.bias, network.c0))
        (self.u, self.current, self.change, self.change_mean, self.error, self.e, self.v, self.x,
         self.c1, self.s, self.slope) = (zeros() for _ in range(11))
        self.rates, self.sent_signs, self.ridden = (
            zeros(network.inputs + network.size) for _ in range(3))
        self.low, self.psi = zeros(len(network.trace_source)), zeros(len(network.trace_source))

    def run(self, inputs, targets, signs) -> np.ndarray:
        """Steps of ``inputs`` (T, inputs) and ``targets`` (T, outputs); ``signs`` (T, neurons) are
        the ±1 that ride on the rates.  Returns the outputs (T, outputs), signs not included."""
        dtype = self.u.dtype
        inputs, targets, signs = (np.asarray(a, dtype) for a in (inputs, targets, signs))
        outputs = np.zeros_like(targets)
        for t in range(len(inputs)):
            outputs[t] = self._step(inputs[t], targets[t], signs[t])
        return outputs

    def _step(self, inputs, target, sign):
        network, rates = self.network, self.rates
        rates[:network.inputs] = inputs
        current, above = self.bias.copy(), np.zeros_like(rates)
        for link, W, B in self.links:
            current[link.target] += W @ rates[link.source]
            if B is not None:
                above[link.source] += self.e[link.target] @ B
        self._learn()
        self._trace()
        return self._neurons(current, above[network.inputs:], target, sign)

    def _learn(self):
        """Weights learn from what the last step left."""
        network = self.network
        steep = np.maximum(self.change_mean / network.mirror_noise, 1)
        pull = network.mirror_rate * np.exp2(-2 * np.floor(np.log2(steep)))
        push = pull * self.change / network.mirror_noise
        for link, W, B in self.links:
            factor, psi = link.rate * self.error[link.target], self.psi[link.traces]
            if link.per_target:
                W += factor[:, None] * psi.reshape(W.shape)
            else:
                W += np.outer(factor, psi)
            if B is not None:
                B *= 1 - pull[link.target, None]
                B += np.outer(push[link.target], self.ridden[link.source])

    def _trace(self):
        drive = self.rates[self.network.trace_source] - self.low
        self.psi = self.low + self.trace_rho * drive
        self.low += self.trace_alpha * drive
        self.ridden[:] = self.sent_signs

    def _neurons(self, current, above, target, sign):
        network, inputs = self.network, self.network.inputs
        drive = current - self.u
        s = self.u + self.rho * drive
        self.u += self.alpha * drive
        rate, slope = self.s, self.slope
        for part, function in self.parts:
            rate[part], slope[part] = function.value(s[part]), function.slope(s[part])
        above[network.output] += network.gain * (target - rate[network.output])
        error = slope * above

        v, x, c0, c1 = self.v, self.x, self.c0, self.c1
        ahead, error_drive = c0 * error + c1 * v, error - v
        causal = v - self.rho * error_drive
        residual = self.tap_step * np.sign(2 * (c0 * v + c1 * x) - ahead - causal)
        c0 -= residual * np.sign(2 * v - error)
        c1 -= residual * np.sign(2 * x - v)
        np.clip(c0, -self.tap_limit, self.tap_limit, out=c0)
        np.clip(c1, -self.tap_limit, self.tap_limit, out=c1)
        x += self.alpha * (v - x)
        v += self.error_alpha * error_drive

        self.bias += self.bias_rate * self.error
        self.change = current - self.current
        self.change_mean += (np.abs(self.change) - self.change_mean) / 256
        self.current, self.error, self.e = current, error, ahead
        self.sent_signs[inputs:] = sign
        self.rates[inputs:] = rate + self.noise * sign
        return rate[network.output]
