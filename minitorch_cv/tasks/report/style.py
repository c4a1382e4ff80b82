"""The look of report.html: light and dark, wide and narrow, nothing loaded from anywhere."""

CSS = """
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --ink: #17202c; --soft: #5b6675; --line: #dde2e9;
  --grid: #e8ebf0; --blue: #2160d4; --blue-rgb: 33 96 212; --orange: #c2570c; --red: #c22f2f;
  --red-rgb: 205 49 49; --green: #17803d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10141a; --card: #181e27; --ink: #e7ebf1; --soft: #9aa6b5; --line: #2b3441;
    --grid: #252d39; --blue: #6ea3ff; --blue-rgb: 84 141 255; --orange: #f59e4b; --red: #ff7b72;
    --red-rgb: 240 84 76; --green: #56c576;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 1060px; margin: 0 auto; padding: 28px 18px 56px; }
header h1 { margin: 0; font-size: 28px; letter-spacing: -0.02em; line-height: 1.2; }
header p { margin: 4px 0 20px; color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 18px 20px 20px; margin: 16px 0 0; min-width: 0; }
h2 { margin: 0 0 4px; font-size: 17px; letter-spacing: -0.01em; }
.note { margin: 0 0 14px; color: var(--soft); font-size: 13.5px; max-width: 74ch; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
  gap: 0 16px; align-items: stretch; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: 12px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 12px 16px; }
.tile b { display: block; font-size: 25px; letter-spacing: -0.02em; line-height: 1.25;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile span { color: var(--soft); font-size: 13px; }
.tile.main b { color: var(--blue); }
svg.chart { display: block; width: 100%; height: auto; }
svg.chart text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  fill: var(--soft); }
.grid { stroke: var(--grid); } .axis { stroke: var(--line); }
.train { stroke: var(--orange); } .test { stroke: var(--blue); }
.train, .test { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg.chart .train-dot { fill: var(--orange); } svg.chart .test-dot { fill: var(--blue); }
svg.chart circle { opacity: 0; } svg.chart circle.last, svg.chart circle:hover { opacity: 1; }
.key { display: flex; gap: 18px; font-size: 13px; color: var(--soft); margin: 0 0 6px; }
.key i { display: inline-block; width: 18px; height: 0; border-top: 3px solid; border-radius: 2px;
  margin-right: 6px; vertical-align: 4px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.rows th { text-align: left; font-weight: 500; color: var(--soft); font-size: 13px; }
.rows th, .rows td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--grid);
  vertical-align: top; }
.rows tr:last-child td, .rows tr:last-child th { border-bottom: 0; }
.rows .number { text-align: right; } .rows thead th.number { text-align: right; }
.rows td { overflow-wrap: anywhere; }
.wide { overflow-x: auto; } .wide td { overflow-wrap: normal; white-space: nowrap; }
.pass { color: var(--green); font-weight: 600; } .fail { color: var(--red); font-weight: 600; }
.open { color: var(--orange); font-weight: 600; }
.confusion { table-layout: fixed; font-size: 13px; }
.confusion th { font-weight: 500; color: var(--soft); padding: 3px 0; text-align: center; }
.confusion td { text-align: center; padding: 0; height: 32px; border: 1px solid var(--card);
  border-radius: 5px; background: rgb(var(--blue-rgb) / var(--v)); }
.confusion td.wrong { background: rgb(var(--red-rgb) / var(--v)); font-weight: 600; }
.confusion td.none { background: var(--grid); color: transparent; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr));
  gap: 14px; }
figure { margin: 0; min-width: 0; }
figure img, .kernel img { width: 100%; aspect-ratio: 1; image-rendering: pixelated; display: block;
  border-radius: 8px; background: #000; border: 1px solid var(--line); }
figcaption { font-size: 13px; margin-top: 6px; line-height: 1.4; }
figcaption b { font-weight: 600; }
.bar { display: grid; grid-template-columns: 14px 1fr 40px; gap: 6px; align-items: center;
  font-size: 12px; color: var(--soft); font-variant-numeric: tabular-nums; }
.bar u { display: block; height: 6px; border-radius: 3px; background: var(--grid);
  text-decoration: none; overflow: hidden; }
.bar u i { display: block; height: 100%; background: var(--soft); }
.bar.true u i { background: var(--green); } .bar.wrong u i { background: var(--red); }
.bar span:last-child { text-align: right; }
.bar span:first-child { overflow: hidden; text-overflow: clip; white-space: nowrap; }
.kernels { display: grid; grid-template-columns: repeat(auto-fill, minmax(122px, 1fr)); gap: 14px; }
.kernel { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; font-size: 12px;
  color: var(--soft); }
.kernel span { grid-column: 1 / 3; }
h3 { font-size: 14px; margin: 18px 0 8px; font-weight: 600; }
footer { margin-top: 22px; color: var(--soft); font-size: 13px; }
@media (max-width: 560px) {
  main { padding: 18px 12px 40px; } section { padding: 14px 14px 16px; }
  header h1 { font-size: 23px; } .tile b { font-size: 21px; } .tile { padding: 10px 12px; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; }
  .confusion td { height: 27px; font-size: 12px; }
  .pictures { grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 12px; }
}
@media print { body { background: #fff; } section, .tile { break-inside: avoid; } }
"""
