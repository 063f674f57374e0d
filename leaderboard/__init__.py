"""The leaderboard: a Streamlit app that reads the store and draws.

`app.py` is the frame of all pages, `views/` has one file per page. `reading` asks the store,
`choices` are the selections that the address carries, `filters` those of the standings, `charts` and
`exports` show what was read, `labels` are texts used on several pages. What pages compute has modules
of its own: `first_table`, `ranking`, `trend`, `best_for`, `worst`, `contests`, `agreeing`; tables in HTML
come from `haaqinet_eval.site`, which the static copy shares. `api` answers programs.

`access` says who is an organiser, `organiser` has what only they may do: the one part that writes to
the store. `upload_form` and `uploads` take files in and call the command line on them. The app needs
neither scorers nor networks.
"""
