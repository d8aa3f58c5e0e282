"""A picture of a run: what is emitted and burned, what that leaves, and where IO is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from client.amounts import IO, NANO_USD, USD
from simulation.curves import HOURS_PER_YEAR
from simulation.files import FileRefused
from simulation.run import Result
from simulation.summary import break_even_year

SUFFIXES = (".png", ".svg")

# Okabe and Ito's colours: told apart by colour-blind eyes, and in grey by their lightness.
_EMISSION, _BURN, _PRICE, _INK = "#0072B2", "#D55E00", "#009E73", "#333333"
_SUPPLY = (
    ("circulating_io_units", "circulating", "#56B4E9"),
    ("staked_io_units", "staked", "#0072B2"),
    ("collateral_io_units", "collateral", "#E69F00"),
    ("unbonding_io_units", "unbonding", "#CC79A7"),
    ("genesis_locked_io_units", "genesis, not vested", "#BBBBBB"),
)
_MILLION = 1_000_000


def draw(result: Result, file: Path) -> None:
    """Writes the picture, PNG or SVG by the file's name. Raises `FileRefused`."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The same run gives the same file.
    with rc_context({"svg.hashsalt": "ionet", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(11, 12))
        figure.set_layout_engine("constrained", h_pad=0.12)
        FigureCanvasAgg(figure)
        _fill(figure, result)
        try:
            figure.savefig(file, dpi=130, metadata={"Date": None} if file.suffix.lower() == ".svg" else None)
        except OSError as failed:
            raise FileRefused(f"{file}: cannot be written: {failed.strerror or failed}") from failed


def _fill(figure: Any, result: Result) -> None:
    from matplotlib.ticker import MaxNLocator

    months = result.hours.every("month")
    years = [epoch / HOURS_PER_YEAR for epoch in months["epoch"]]
    # Months differ by an hour, and the last may be a part of one: per 30 days, all can be compared.
    per_hour = [720 / hours for hours in months["epochs"]]
    emission, burned = (
        [value * scale for value, scale in zip(_io(months[name]), per_hour, strict=True)]
        for name in ("emission_io_units", "burned_io_units")
    )
    flows, net, supply, market = figure.subplots(4, 1, sharex=True, height_ratios=(3, 2, 4, 2))
    figure.suptitle(f"{result.scenario.name} — {result.scenario.about}", fontsize=12, wrap=True)

    flows.plot(years, emission, color=_EMISSION, linewidth=2.2, label="emitted")
    flows.plot(years, burned, color=_BURN, linewidth=1.6, linestyle=(0, (5, 1.5)), label="bought and burned")
    flows.set(title="Emission and burn", ylabel="million IO\nper 30 days", ylim=(0, None))
    even = break_even_year(result.hours.every("year"))
    if even is not None:
        label = f"year {even}, the first that\nburns more than it emits"
        flows.axvspan(even - 1, min(even, years[-1]), color="#E8E8E8", linewidth=0, zorder=0, label=label)

    difference = [out - back for out, back in zip(emission, burned, strict=True)]
    width = 0.9 / 12
    colours = [_EMISSION if value >= 0 else _BURN for value in difference]
    net.bar([year - width / 2 for year in years], difference, width=width, color=colours)
    net.axhline(0, color=_INK, linewidth=0.8)
    net.set(title="Net issuance: emitted less burned (above zero the supply grows)", ylabel="million IO\nper 30 days")

    supply.stackplot(
        years,
        *(_io(months[name]) for name, _, _ in _SUPPLY),
        labels=[label for _, label, _ in _SUPPLY],
        colors=[colour for _, _, colour in _SUPPLY],
        edgecolor="white",
        linewidth=0.4,
    )
    supply.plot(years, _io(months["supply_io_units"]), color=_INK, linewidth=1.4, label="supply")
    supply.set(title="Supply, by where it is", ylabel="million IO", ylim=(0, None))

    paid = [value / USD.base / _MILLION for value in months["gross_usd_units"]]
    market.plot(
        years,
        [value * scale for value, scale in zip(paid, per_hour, strict=True)],
        color=_INK,
        linewidth=1.6,
        label="users pay (left)",
    )
    market.set(title="What users pay, and the price of IO (given)", ylabel="million USD\nper 30 days", ylim=(0, None))
    market.set_xlabel("years since genesis")
    price = market.twinx()
    price.spines["right"].set_visible(True)
    price.plot(
        years,
        [value / NANO_USD.base for value in months["io_price_nano_usd"]],
        color=_PRICE,
        linewidth=1.6,
        linestyle=(0, (5, 1.5)),
        label="1 IO (right)",
    )
    price.set(ylabel="USD for 1 IO", ylim=(0, None))

    market.legend(handles=[*market.lines, *price.lines], **_BESIDE | {"bbox_to_anchor": (1.06, 1)})
    for axes in (flows, supply):
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[::-1] if axes is supply else handles, labels[::-1] if axes is supply else labels, **_BESIDE)
    for axes in (flows, net, supply, market):
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.title.set(ha="left", position=(0, 1), fontweight="bold", fontsize=10)
    market.set_xlim(0, years[-1])
    market.xaxis.set_major_locator(MaxNLocator(10, integer=True))


_BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "frameon": False}


def _io(values: Iterable[int]) -> Sequence[float]:
    """Millions of IO, for the eye."""
    return [value / IO.base / _MILLION for value in values]
