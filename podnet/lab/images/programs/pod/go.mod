module podnet.local/lab/pod

go 1.26.0
