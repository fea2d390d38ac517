import { createHash } from 'node:crypto'

/** The one style sheet of the pages: it stands in each, so that a page is a single answer. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2733;--dim:#5b6875;--line:#d8dee5;--chip:#eef2f6;--accent:#1a66b8;--up:#19713d;--upbg:#dcf3e4;--down:#a82020;--downbg:#fbe3e3;--off:#6b5200;--offbg:#f7edcf}
@media(prefers-color-scheme:dark){:root{--bg:#12181f;--fg:#dfe6ee;--dim:#98a6b5;--line:#2d3844;--chip:#202a35;--accent:#79b8ff;--up:#7fdba1;--upbg:#153a25;--down:#ff9d9d;--downbg:#451b1b;--off:#efd27b;--offbg:#3b3112}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif}
a{color:var(--accent)}
header{border-bottom:1px solid var(--line);padding:.6rem 1rem;display:flex;flex-wrap:wrap;gap:.4rem 1.2rem;align-items:baseline}
header b{margin-right:.4rem}
header a{text-decoration:none}
header a[aria-current]{color:var(--fg);font-weight:600;border-bottom:2px solid var(--accent)}
main{padding:1rem;max-width:110rem;margin:0 auto}
h1{font-size:1.3rem;margin:.2rem 0 .8rem}
h2{font-size:1.05rem;margin:1.6rem 0 .5rem;overflow-wrap:anywhere}
h2 small,.dim{color:var(--dim);font-weight:400}
form{display:flex;flex-wrap:wrap;gap:.5rem;margin:0 0 1rem;align-items:end}
label{display:grid;gap:.15rem;font-size:.85rem;color:var(--dim)}
input,select,button{font:inherit;color:var(--fg);min-height:2.2rem;background:var(--bg);border:1px solid var(--line);border-radius:4px;padding:.35rem .5rem;max-width:100%}
input[type=search]{width:22rem}
button{background:var(--chip);cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:.4rem .5rem;border-top:1px solid var(--line);overflow-wrap:anywhere}
th{font-size:.85rem;color:var(--dim);font-weight:600;border-top:0}
col.c1{width:8%}col.c2{width:13%}col.c3{width:27%}col.c4{width:36%}col.half{width:50%}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
code,pre,.l{font:13px/1.5 ui-monospace,monospace}
pre{background:var(--chip);padding:.8rem;border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0 0}
.l{background:var(--chip);border-radius:3px;padding:.05rem .3rem;margin:0 .2rem .2rem 0;display:inline-block;max-width:100%}
.s{border-radius:3px;padding:.05rem .4rem;font-weight:600;font-size:.85rem;white-space:nowrap}
.up{color:var(--up);background:var(--upbg)}
.down{color:var(--down);background:var(--downbg)}
.unknown,.dropped{color:var(--off);background:var(--offbg)}
.error{color:var(--down)}
summary{cursor:pointer;color:var(--dim)}
ol{margin:.3rem 0;padding-left:1.4rem}
nav.pages{display:flex;gap:1rem;margin:1rem 0}
@media(max-width:48rem){
main{padding:.7rem}
thead{display:none}
table,tbody,tr,td{display:block;width:100%}
tr{border-top:1px solid var(--line);padding:.4rem 0}
td,td.n{border:0;padding:.15rem 0;text-align:left}
td[data-h]::before{content:attr(data-h) ": ";color:var(--dim);font-size:.85rem}
}
`

/** Allows this style sheet and forms to this server, nothing else: no script, image, frame or foreign address. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
