" Policies of the attestation language, versions 1.0 to 1.2. The words are those of the engine's tables: a test compares.
if exists('b:current_syntax')
  finish
endif

" Reserved words are read in any letter case; Booleans and functions only as they are spelled.
syntax case ignore
syntax keyword cupelVersion version
syntax keyword cupelSection configurationrules authorizationrules issuancerules
syntax keyword cupelVerb permit deny add issue issueproperty
syntax keyword cupelProperty type value valueType issuer claim
syntax case match
syntax keyword cupelBoolean true false
" Not keywords: a condition may have the name of a function.
syntax match cupelFunction "\<\(JmesPath\|JsonToClaimValue\|IsSubsetOf\|AppendString\|NegateBool\|ContainsOnlyValue\)\>\ze\s*("

syntax match cupelOperator "[=!<>]=\|=>\|&&\|[<>!=]"
syntax match cupelBadOperator "[=!]\~\|||"
syntax match cupelNumber "-\?\<\d\+\>"
syntax match cupelVersionNumber "\<1\.[0-2]\>"
" A name before a condition, and where it is used.
syntax match cupelName "\<\h\w*\>\ze\s*:\s*\["
syntax match cupelName "\<\h\w*\>\ze\s*\.\s*\(type\|value\|valueType\|issuer\)\>\c"

syntax region cupelString start=+"+ skip=+\\.+ end=+"+ oneline contains=cupelEscape,cupelBadEscape,cupelIssuer
syntax match cupelEscape +\\["\\]+ contained
syntax match cupelBadEscape +\\[^"\\]+ contained
syntax match cupelIssuer +"\@1<=\(AttestationService\|AttestationPolicy\|CustomClaim\)"\@=+ contained

syntax match cupelComment "//.*$" contains=cupelLint,@Spell
syntax match cupelLint "\<lint:\s*.*$" contained

highlight default link cupelVersion Keyword
highlight default link cupelSection Structure
highlight default link cupelVerb Statement
highlight default link cupelProperty Identifier
highlight default link cupelBoolean Boolean
highlight default link cupelFunction Function
highlight default link cupelOperator Operator
highlight default link cupelBadOperator Error
highlight default link cupelNumber Number
highlight default link cupelVersionNumber Number
highlight default link cupelName Label
highlight default link cupelString String
highlight default link cupelEscape SpecialChar
highlight default link cupelBadEscape Error
highlight default link cupelIssuer Constant
highlight default link cupelComment Comment
highlight default link cupelLint SpecialComment

let b:current_syntax = 'cupelpolicy'
