import pytest

from app.compliance.trend import Trend, trends


def test_coverage_is_compared_with_the_target_and_with_the_row_before() -> None:
    found = list(trends([0.5, 0.75, None, 1.0], [0.9, 0.9, 0.9, 0.5]))
    assert found == [
        Trend(pytest.approx(-0.4), None),
        Trend(pytest.approx(-0.15), 0.25),
        Trend(None, None),
        Trend(pytest.approx(0.5), None),
    ]


def test_of_no_rows_there_is_no_trend() -> None:
    assert list(trends([], [])) == []
