"""The commands of ``kb``: one module a group; slow libraries are loaded where they are used."""
