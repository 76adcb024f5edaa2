"""One sine at single neurons: measured responses against closed forms."""

import numpy as np
import pytest

from model.frequency import adjoint_response, gle_response, learned_taps, sweep, sweep_steps

POINTS = np.array([0.3, 2.0, 9.0])
RHO = 0.1


@pytest.fixture(scope="module")
def found():
    return sweep(POINTS, rho=RHO)


def test_closed_forms_agree_with_one_another():
    c0, c1 = learned_taps(POINTS, RHO)
    exact = adjoint_response(POINTS, RHO)
    np.testing.assert_allclose(c0 + c1 / (1 + 1j * POINTS), exact)
    np.testing.assert_allclose(np.angle(gle_response(POINTS, RHO)), np.angle(exact))
    np.testing.assert_allclose(np.abs(gle_response(POINTS, RHO)), 1 / np.abs(exact))


def test_learned_taps_send_the_adjoint(found):
    learned, (c0, c1) = found.responses["learned"], learned_taps(POINTS, RHO)
    np.testing.assert_allclose(learned.c0, c0, rtol=0.01)
    np.testing.assert_allclose(learned.c1, c1, rtol=0.02)
    assert np.abs(learned.phase_error).max() < 0.5
    np.testing.assert_allclose(learned.gain_error, 1, atol=0.01)


def test_published_taps_have_the_phase_and_the_inverse_gain(found):
    gle = found.responses["gle"]
    assert np.abs(gle.phase_error).max() < 0.5
    np.testing.assert_allclose(gle.gain_error, np.abs(gle_response(POINTS, RHO)) ** 2, rtol=0.01)


def test_instantaneous_errors_have_the_wrong_phase(found):
    instant = found.responses["instant"]
    expected = -np.degrees(np.angle(adjoint_response(POINTS, RHO)))
    np.testing.assert_allclose(instant.phase_error, expected, atol=0.5)
    assert np.abs(instant.phase_error).max() > 40
    assert found.saturations == 0


def test_progress_adds_up():
    done, stages = [], ((0.2, 16), (0.02, 20))
    sweep(POINTS[:1], stages=stages, progress=done.append)
    assert sum(done) == sweep_steps(stages) > 0
