"""What comes before the ear model against scipy's own: filters, resampling, broadband delay; threads."""

import numpy as np
import pytest
from scipy.signal import cheby2, correlate, lfilter, oaconvolve, resample_poly

from haaqinet_eval.haaqi import broadband, filters, prepare, set_threads, threads
from haaqinet_eval.nalr import NalR

LENGTHS = (23, 1500, 24001)  # shorter than a filter's memory, little longer, and much


@pytest.fixture(params=[1, 2])
def count(request):
    before = threads.get_threads()
    set_threads(request.param)
    yield request.param
    set_threads(before)


def fading(samples):
    """Noise that falls by 200 dB in its middle."""
    signal = np.random.RandomState(samples).standard_normal(samples)
    signal[samples // 2 :] *= 1e-10
    return signal


@pytest.mark.parametrize("samples", LENGTHS)
@pytest.mark.parametrize("khz", [25, 44, 192])
def test_mean_square_through_a_filter(samples, khz):
    b, a = cheby2(7, 30, 21 / khz)
    signal = fading(samples)
    expected = np.mean(lfilter(b, a, signal) ** 2)
    assert filters.mean_square(b, a, signal) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("samples", LENGTHS)
def test_middle_ear(samples):
    signal = fading(samples)
    low_pass, high_pass = prepare.middle_ear_filters()
    expected = lfilter(*high_pass, lfilter(*low_pass, signal))
    heard = prepare.middle_ear(signal)
    np.testing.assert_allclose(heard, expected, rtol=0, atol=1e-12)
    quiet = samples // 2 + 2000  # 100 ms after the fall nothing is left of the loud part
    np.testing.assert_allclose(heard[quiet:], expected[quiet:], rtol=0, atol=1e-21)


@pytest.mark.parametrize("khz", [8, 16, 22, 32, 44, 48])
def test_resampling_in_halves(count, khz):
    for samples in (khz * 30, khz * 700 + 13):
        signal = fading(samples)
        np.testing.assert_array_equal(prepare._resample(signal, 24, khz), resample_poly(signal, 24, khz))


def test_equalising_in_halves(count):
    signal, levels = fading(5001), np.array([10.0, 20, 30, 40, 50, 60])
    fir, _ = NalR(140, 24000).build(prepare._Levels(levels))
    expected = oaconvolve(signal, fir)[140:][:5001]
    np.testing.assert_allclose(prepare.equalise(signal, levels), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("samples", [12000, 12345])
@pytest.mark.parametrize("shift", [-3001, -1, 0, 700])
def test_broadband_delay_is_where_scipy_has_the_peak(count, samples, shift):
    rng = np.random.RandomState(abs(shift))
    x = rng.standard_normal(samples) + 3.0
    y = np.roll(x, shift) - 0.5 * rng.standard_normal(samples)
    expected = np.abs(correlate(y - y.mean(), x - x.mean(), "full")).argmax() + 1 - samples
    delay = broadband.broadband_delay(broadband.Centred.from_signal(x), broadband.Centred.from_signal(y))
    assert delay == expected - broadband.DISPERSION


def test_nested_work_is_done_once_and_in_order(count):
    def table(row):
        return threads.each(lambda column: 10 * row + column, range(3))

    assert threads.each(table, range(4)) == [[10 * r + c for c in range(3)] for r in range(4)]
    assert threads.each(table, []) == []


def test_an_error_in_the_second_half_reaches_the_caller(count):
    with pytest.raises(ZeroDivisionError):
        threads.each(lambda number: 1 / number, (1, 0))
