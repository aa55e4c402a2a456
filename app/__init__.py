"""The product: what a person can do with an account, and how it is kept and proved.

Rooms, from the top floor down; imports go down only, and rooms on one floor do not know each other:

- ``factory``    create_app(): the only file that knows every room
- ``web``        HTTP in and out          ``cli``  the same from a terminal
  ``worker``     delivers mail, beside the servers
- (``schema``)   the GraphQL contract, beside this package
- ``accounts``   what a person can do: one file per use case
- ``security``   how we prove who asks     ``mail``  how we tell people
- ``models``     what we remember; MongoEngine stops there
- ``config``  the settings   ``environment``  ``setting_formats``  how they are read
- ``messages``  ``errors``  ``clock``   the ground floor
"""
