" Policies by name: *.pol, and *.policy.txt as the original service's portal saves them.
autocmd BufNewFile,BufRead *.pol,*.policy.txt setfiletype cupelpolicy
