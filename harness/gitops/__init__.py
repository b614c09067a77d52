"""The engine that turns Git into objects: publishing the tree, installing and driving Argo CD."""
