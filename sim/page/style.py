"""How the page looks. A fault is orange, a violation magenta; all else keeps quiet."""

from typing import Final

from sim.world.story import LANES

_PLACES: Final = "\n".join(f".lane{at} {{ --at: {at}; }}" for at in range(len(LANES)))

STYLE: Final = (
    """
:root {
  --paper: #fff; --ink: #1b1f24; --quiet: #59616b; --rule: #d8dde3; --band: #f3f5f8;
  --here: #dbe9ff; --edge: #0b57d0; --call: #0b57d0; --fault: #b83a00; --fault-band: #fff0e6;
  --violation: #a3005c; --violation-band: #ffe6f4; --on-badge: #fff; --good: #17692f;
  --lane: 4.5rem; --lanes: """
    f"{len(LANES)}"
    """;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --ink: #e6e9ed; --quiet: #a2abb6; --rule: #333a43; --band: #1d2228;
    --here: #1f3a63; --edge: #8ab8ff; --call: #8ab8ff; --fault: #ffa366; --fault-band: #3a2413;
    --violation: #ff8cc8; --violation-band: #401730; --on-badge: #15181c; --good: #7fd99a;
  }
}
* { box-sizing: border-box; }
html { font: 15px/1.4 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
body { margin: 0; height: 100vh; display: grid; grid-template-rows: auto minmax(0, 1fr) auto; }
header { padding: .6rem 1rem .5rem; border-bottom: 1px solid var(--rule); }
h1 { margin: 0; font-size: 1.3rem; }
h1 strong { margin-left: .5rem; font-size: 1rem; }
.good { color: var(--good); } .bad { color: var(--violation); }
header p { margin: .15rem 0; color: var(--quiet); }
.violations { margin: .3rem 0; padding: 0; list-style: none; max-height: 6.5rem; overflow: auto; }
.violations a { color: var(--violation); text-decoration: none; }
.violations a:hover { text-decoration: underline; }
.violations small { color: var(--quiet); }
.keys { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .8rem; }
kbd { padding: 0 .3rem; border: 1px solid var(--rule); border-radius: 3px; background: var(--band);
  font: inherit; color: var(--ink); }
em { font-style: normal; font-weight: 600; }
em.fault, em.violation { padding: 0 .35rem; border-radius: 3px; color: var(--on-badge); }
em.fault { background: var(--fault); } em.violation { background: var(--violation); }
main { overflow: auto; }
.head { position: sticky; top: 0; z-index: 1; display: flex; padding-left: calc(8.5rem + 4px);
  background: var(--paper); border-bottom: 1px solid var(--rule); font-size: .75rem;
  font-weight: 600; }
.head span { flex: 0 0 var(--lane); min-width: 0; padding: .3rem 0; text-align: center; }
ol { margin: 0; padding: 0 0 3rem; list-style: none; }
ol > li { display: grid; grid-template-columns: 3rem 5.5rem calc(var(--lanes) * var(--lane)) 1fr;
  align-items: center; height: 1.6rem; border-left: 4px solid transparent;
  scroll-margin: 10rem 0 8rem; cursor: default; }
ol > li:hover { background: var(--band); }
.step, time { padding-right: .6rem; text-align: right; font-size: .75rem; color: var(--quiet);
  font-variant-numeric: tabular-nums; }
.lanes, .gap { position: relative; height: 100%; background: repeating-linear-gradient(to right,
  transparent 0 calc(var(--lane) / 2 - .5px), var(--rule) 0 calc(var(--lane) / 2 + .5px),
  transparent 0 var(--lane)); }
.text { padding: 0 .8rem; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.who { font-weight: 600; }
.detail .text, .call .text, .answer .text { font-size: .87rem; color: var(--quiet); }
.dot { position: absolute; top: 50%; left: calc((var(--at) + .5) * var(--lane)); width: 7px;
  height: 7px; border-radius: 50%; background: var(--quiet); transform: translate(-50%, -50%); }
.said .dot { width: 12px; height: 12px; background: var(--edge); }
.struck .dot { width: 13px; height: 13px; border-radius: 2px; background: var(--fault);
  transform: translate(-50%, -50%) rotate(45deg); }
.wire { position: absolute; top: 50%; left: calc((min(1, var(--at)) + .5) * var(--lane));
  width: calc(max(1 - var(--at), var(--at) - 1) * var(--lane));
  border-top: 1.5px solid var(--call); }
.answer .wire, .said .wire { border-top: 1.5px dashed var(--quiet); }
.wire::after { content: ""; position: absolute; top: -5px; border: 4.5px solid transparent; }
.wire.right::after { right: -1px; border-left: 7px solid var(--call); border-right: 0; }
.wire.left::after { left: -1px; border-right: 7px solid var(--call); border-left: 0; }
.said .wire::after { display: none; }
.answer .wire.right::after { border-left-color: var(--quiet); }
.answer .wire.left::after { border-right-color: var(--quiet); }
.faulty { background: var(--fault-band); }
.faulty .wire, .faulty.answer .wire { border-top-color: var(--fault); border-top-width: 2.5px; }
.faulty .wire.right::after { border-left-color: var(--fault) !important; }
.faulty .wire.left::after { border-right-color: var(--fault) !important; }
.faulty .dot { background: var(--fault); }
ol > .violated { background: var(--violation-band); border-left-color: var(--violation); }
.violated .dot { background: var(--violation); outline: 2px solid var(--violation);
  outline-offset: 2px; }
.down .lanes::before, .gap.down::before { content: ""; position: absolute;
  inset: 0 auto 0 var(--lane); width: var(--lane); background: repeating-linear-gradient(135deg,
  var(--rule) 0 2px, transparent 2px 7px); }
ol > .partner { box-shadow: inset 0 0 0 1px var(--edge); }
ol > [aria-selected=true] { background: var(--here); border-left-color: var(--edge); }
ol > .violated[aria-selected=true] { border-left-color: var(--violation); }
[aria-selected=true] .text { color: var(--ink); }
:focus-visible { outline: 2px solid var(--edge); outline-offset: -2px; }
ol > .gap { display: block; height: 1.5rem; margin-left: calc(8.5rem + 4px); background-size: auto;
  width: calc(var(--lanes) * var(--lane)); border: 0; }
.gap span { position: absolute; left: 50%; top: 50%; padding: 0 .6rem; font-size: .75rem;
  transform: translate(-50%, -50%); border-radius: 8px; background: var(--band);
  color: var(--quiet); white-space: nowrap; }
.brief .detail-only { display: none; }
#closer { height: 9.2rem; overflow: auto; padding: .6rem 1rem; border-top: 2px solid var(--rule);
  background: var(--band); overflow-wrap: anywhere; }
#closer p { margin: .1rem 0; }
#closer .where { color: var(--quiet); font-size: .85rem; }
#closer .fault-text { color: var(--fault); font-weight: 600; }
#closer .violation-text { color: var(--violation); font-weight: 600; }
""" + _PLACES + "\n"
)
