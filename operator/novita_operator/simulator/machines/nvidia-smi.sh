#!/bin/sh
# Tells the product that the simulated Novita has rented out, in the form of NVIDIA's program. There is no GPU here.
# VARIABLES

cannot() {
    echo "$1"
    exit "$2"
}

field() { # sets heading, unit and v0, v1, ... of one field
    case $1 in
# FIELDS
    timestamp) heading=timestamp unit='' now=$(date '+%Y/%m/%d %H:%M:%S.000')
        card=0
        while [ "$card" -lt "$COUNT" ]; do eval "v$card=\$now"; card=$((card + 1)); done ;;
    *) return 1 ;;
    esac
}

row() { # of the fields: their headings, or the values of one card
    line=''
    old=$IFS
    IFS=,
    for name in $query; do
        IFS=$old
        name=$(printf '%s' "$name" | tr -d ' ')
        field "$name" || cannot "Field \"$name\" is not a valid field to query.
" 2
        if [ "$1" = headings ]; then
            cell=$heading
        else
            eval "cell=\$v$1"
            [ -z "$unit" ] || [ -n "$nounits" ] || cell="$cell $unit"
        fi
        line="${line:+$line, }$cell"
    done
    IFS=$old
    printf '%s\n' "$line"
}

query='' format='' list='' only=''
while [ $# -gt 0 ]; do
    case $1 in
    --query-gpu=*) query=${1#*=} ;;
    --format=*) format=${1#*=} ;;
    -L | --list-gpus) list=yes ;;
    -i | --id) only=$2; shift ;;
    -i=* | --id=*) only=${1#*=} ;;
    --version) cannot "$VERSION" 0 ;;
    *) cannot "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.
" 1 ;;
    esac
    shift
done

case $only in
'') ;;
*[!0-9]*) cannot "No devices were found" 6 ;;
*) [ "$only" -lt "$COUNT" ] || cannot "No devices were found" 6 ;;
esac

if [ -n "$list" ]; then
    if [ -n "$only" ]; then printf '%s\n' "$CARDS" | sed -n "$((only + 1))p"; else printf '%s\n' "$CARDS"; fi
elif [ -n "$query" ]; then
    nounits='' noheader=''
    case ,$format, in *,csv,*) ;; *) cannot "\"--query-gpu\" switch requires \"--format=csv\"." 1 ;; esac
    case $format in *nounits*) nounits=yes ;; esac
    case $format in *noheader*) noheader=yes ;; esac
    headings=$(row headings) || cannot "$headings" 2
    [ -n "$noheader" ] || printf '%s\n' "$headings"
    card=0
    while [ "$card" -lt "$COUNT" ]; do
        [ -n "$only" ] && [ "$only" != "$card" ] || row "$card"
        card=$((card + 1))
    done
else
    date '+%a %b %e %H:%M:%S %Y       '
    printf '%s\n' "$TABLE"
fi
