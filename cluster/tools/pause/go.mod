module kiln.build/cluster/tools/pause

go 1.26.0
