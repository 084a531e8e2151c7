" Settings for policies: comments, indent, and the linter as the compiler behind :make.
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal comments=://
setlocal commentstring=//\ %s
setlocal expandtab
setlocal shiftwidth=4
setlocal softtabstop=4
setlocal iskeyword=@,48-57,_
setlocal makeprg=cupel\ policy\ lint\ %:S
setlocal errorformat=%f:%l:%c:\ %m,%-G%.%#

let b:undo_ftplugin = 'setlocal comments< commentstring< expandtab< shiftwidth< softtabstop< iskeyword< makeprg< errorformat<'
